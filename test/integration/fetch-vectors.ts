/**
 * What a hostile URI may try. `{canary}` is the port of listeners on every address of this machine, which nothing may
 * reach; `{front}` the port of a server on 127.0.0.2, which stands for the public internet: the rule is told to allow
 * that one address. Names are resolved by `DNS`, never by the system.
 */
export interface FetchVector {
  readonly attack: string;
  readonly uri: string;
  /** what the fetcher says; `fetched` for what is harmless */
  readonly outcome: string;
  /** it would reach the canary if nobody checked */
  readonly isLocal?: boolean;
}

/** What a name resolves to: the first look-up's answers, the second's, …; the last ones stay. */
export const DNS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  localhost: [['127.0.0.1', '::1']],
  'localhost.': [['127.0.0.1']],
  '127.0.0.1.nip.example': [['127.0.0.1']],
  'six.example': [['::1']],
  'mapped.example': [['::ffff:127.0.0.1']],
  'unspecified.example': [['0.0.0.0']],
  'private.example': [['10.0.0.1']],
  'shared.example': [['100.64.0.1']],
  'metadata.google.internal': [['169.254.169.254']],
  'metadata6.example': [['fd00:ec2::254']],
  'nat64.example': [['64:ff9b::7f00:1']],
  'zone.example': [['fe80::1%lo']],
  'public-with-zone.example': [['2606:4700::1111%lo']],
  'mixed.example': [['127.0.0.2', '127.0.0.1']],
  'mixed-private-first.example': [['127.0.0.1', '127.0.0.2']],
  'empty.example': [[]],
  'garbage.example': [['not an address']],
  'xn--bcher-kva.example': [['127.0.0.1']],
  'front.example': [['127.0.0.2']],
  // public when it is checked, private when it is dialled: for whoever resolves twice
  'rebinds-at-once.example': [['127.0.0.2'], ['127.0.0.1']],
  // private from the second fetch on
  'rebinds-later.example': [['127.0.0.2'], ['127.0.0.1']],
  'rebinds-on-redirect.example': [['127.0.0.2'], ['127.0.0.1']],
};

/** Where the front server redirects `/to/<name>`. */
export const REDIRECTS: Readonly<Record<string, string>> = {
  loopback: 'http://127.0.0.1:{canary}/',
  'loopback-in-tls': 'https://127.0.0.1:{canary}/',
  six: 'http://[::1]:{canary}/',
  decimal: 'http://2130706433:{canary}/',
  mapped: 'http://[::ffff:127.0.0.1]:{canary}/',
  localhost: 'http://localhost:{canary}/',
  'no-scheme': '//127.0.0.1:{canary}/',
  metadata: 'http://169.254.169.254/latest/meta-data/',
  name: 'http://127.0.0.1.nip.example:{canary}/',
  'same-name': 'http://rebinds-on-redirect.example:{canary}/',
  'user-info': 'http://front.example@127.0.0.1:{canary}/',
  'ssh-port': 'http://127.0.0.2:22/',
  file: 'file:///etc/passwd',
  s3: 's3://bucket/key',
  gopher: 'gopher://127.0.0.1:{canary}/_x',
  chain: '/to/chain-2',
  'chain-2': '/to/loopback',
  itself: '/to/itself',
};

const ADDRESS = 'address_not_allowed';
const URI = 'uri_not_allowed';

const literals = (attack: string, hosts: readonly string[], isLocal = false): FetchVector[] =>
  hosts.map((host) => ({ attack, uri: `http://${host}:{canary}/`, outcome: ADDRESS, isLocal }));
const names = (attack: string, hosts: readonly string[], isLocal = false): FetchVector[] =>
  hosts.map((host) => ({ attack, uri: `http://${host}:{canary}/`, outcome: ADDRESS, isLocal }));
const refused = (attack: string, uris: readonly string[], outcome = URI, isLocal = false): FetchVector[] =>
  uris.map((uri) => ({ attack, uri, outcome, isLocal }));
const redirects = (attack: string, to: readonly string[], outcome = ADDRESS, isLocal = false): FetchVector[] =>
  to.map((name) => ({ attack, uri: `http://127.0.0.2:{front}/to/${name}`, outcome, isLocal }));

export const FETCH_VECTORS: readonly FetchVector[] = [
  ...literals('loopback', ['127.0.0.1', '127.255.255.254'], true),
  ...literals('short forms', ['127.1', '127.0.1', '0'], true),
  ...literals('octal', ['0177.0.0.1', '017700000001'], true),
  ...literals('hexadecimal', ['0x7f000001', '0x7f.1', '0X7F.0x0.0.1'], true),
  ...literals('decimal', ['2130706433'], true),
  ...literals('trailing dot', ['127.0.0.1.'], true),
  ...literals('unspecified', ['0.0.0.0'], true),
  ...literals('this network', ['0.0.0.1']),
  ...literals('private', ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.0.1']),
  ...literals('link-local', ['169.254.0.1', '[fe80::1]']),
  ...literals('cloud metadata', [
    '169.254.169.254',
    '2852039166',
    '0xa9fea9fe',
    '0251.0376.0251.0376',
    '169.254.170.2',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
    '[fd00:ec2::254]',
  ]),
  ...literals('carrier-grade NAT', ['100.64.0.1', '100.127.255.255']),
  ...literals('multicast', ['224.0.0.1', '239.255.255.250', '[ff02::1]']),
  ...literals('reserved', ['192.0.0.8', '192.0.2.1', '192.88.99.1', '198.18.0.1', '198.51.100.1', '203.0.113.1']),
  ...literals('reserved', ['240.0.0.1', '255.255.255.255', '[100::1]', '[2001:db8::1]', '[3fff::1]', '[5f00::1]']),
  ...literals('outside 2000::/3', ['[4000::1]', '[fec0::1]']),
  ...literals('IPv6 loopback', ['[::1]', '[0:0:0:0:0:0:0:1]', '[::]'], true),
  ...literals('IPv4-mapped', ['[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[0:0:0:0:0:FFFF:7f00:0001]'], true),
  ...literals('IPv4-mapped', ['[::ffff:169.254.169.254]', '[::ffff:10.0.0.1]']),
  ...literals('IPv4-compatible', ['[::127.0.0.1]']),
  ...literals('IPv4-translated', ['[::ffff:0:127.0.0.1]']),
  ...literals('NAT64', ['[64:ff9b::127.0.0.1]', '[64:ff9b::a9fe:a9fe]', '[64:ff9b:1::7f00:1]']),
  ...literals('6to4', ['[2002:7f00:1::]', '[2002:a9fe:a9fe::]']),
  ...literals('Teredo', ['[2001:0:7f00:1::]']),
  ...literals('unique local', ['[fc00::1]', '[fd12:3456::1]']),
  ...literals('Unicode digits', ['①②⑦.⓪.⓪.①', '𝟏𝟐𝟕.𝟎.𝟎.𝟏', '１２７．０．０．１'], true),
  ...literals('Unicode dots', ['127。0。0。1'], true),
  ...literals('percent-encoded host', ['%31%32%37.0.0.1'], true),

  ...refused('zone id', ['http://[fe80::1%25lo]:{canary}/', 'http://[::1%lo]:{canary}/']),
  ...refused('overflow', ['http://127.0.0.256/', 'http://6425673729/', 'http://0x17f000001/']),
  ...refused('user info', [
    'http://front.example@127.0.0.1:{canary}/',
    'http://127.0.0.1:{canary}@front.example/',
    'http://user:secret@127.0.0.1:{canary}/',
    'http://:secret@127.0.0.1:{canary}/',
  ]),
  ...refused(
    'parsers apart',
    [
      'http:127.0.0.1:{canary}/',
      'http:\\\\127.0.0.1:{canary}\\',
      'http://127.0.0.1:{canary}\\@front.example/',
      ' \thttp://127.0.0.1:{canary}/',
      'ht\ntp://127.0.0.1:{canary}/',
      'http:////127.0.0.1:{canary}/',
      'http://127.0.0.1:{canary}#@front.example/',
      'http://127.0.0.1:{canary}?@front.example/',
      'HTTPS://127.0.0.1:{canary}/',
    ],
    ADDRESS,
    true,
  ),

  ...names('name of loopback', ['localhost', 'LOCALHOST', 'localhost.', '127.0.0.1.nip.example'], true),
  ...names(
    'name of loopback',
    ['ｌｏｃａｌｈｏｓｔ', 'lo\u00adcalhost', 'bücher.example', 'xn--bcher-kva.example'],
    true,
  ),
  ...names('name of loopback', ['six.example', 'mapped.example', 'unspecified.example'], true),
  ...names('name of a private address', ['private.example', 'shared.example', 'nat64.example']),
  ...names('name of cloud metadata', ['metadata.google.internal', 'metadata6.example']),
  ...names('name with a zone', ['zone.example', 'public-with-zone.example']),
  ...names('public and private at once', ['mixed.example', 'mixed-private-first.example']),
  ...names('no address, or none that is one', ['empty.example', 'garbage.example']),

  ...redirects(
    'redirect',
    ['loopback', 'loopback-in-tls', 'six', 'decimal', 'mapped', 'localhost', 'no-scheme', 'name', 'chain'],
    ADDRESS,
    true,
  ),
  ...redirects('redirect', ['metadata']),
  ...redirects('redirect to another scheme', ['file', 's3', 'gopher'], URI),
  ...redirects('redirect to user info', ['user-info'], URI),
  ...redirects('redirect to another port', ['ssh-port'], URI),
  ...redirects('redirect for ever', ['itself'], 'too_many_redirects'),

  { attack: 'rebinding', uri: 'http://rebinds-at-once.example:{front}/picture', outcome: 'fetched' },
  { attack: 'rebinding', uri: 'http://rebinds-later.example:{front}/close', outcome: 'fetched' },
  { attack: 'rebinding', uri: 'http://rebinds-later.example:{canary}/', outcome: ADDRESS },
  { attack: 'rebinding', uri: 'http://rebinds-on-redirect.example:{front}/to/same-name', outcome: ADDRESS },

  ...refused('scheme', [
    'ftp://127.0.0.1:{canary}/',
    'gopher://127.0.0.1:{canary}/_INFO',
    'dict://127.0.0.1:{canary}/info',
    'ldap://127.0.0.1:{canary}/',
    'ws://127.0.0.1:{canary}/',
    'tftp://127.0.0.1:{canary}/x',
    'jar:http://127.0.0.1:{canary}!/a',
    'blob:http://127.0.0.1:{canary}/a',
    'view-source:http://127.0.0.1:{canary}/',
    'unix:///var/run/docker.sock',
    'file:///etc/passwd',
    'file://127.0.0.1/etc/passwd',
    's3://bucket/key',
    'data:image/png;base64,AAAA',
    'javascript:alert(1)',
    '//127.0.0.1:{canary}/',
  ]),
  ...refused('port', [
    'http://127.0.0.2:22/',
    'http://front.example:25/',
    'http://front.example:6379/',
    'https://front.example:2375/',
    'http://127.0.0.2:0/',
    'http://127.0.0.2:65536/',
  ]),
];
