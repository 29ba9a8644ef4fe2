import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';

import { DomainError } from '@housestyle/domain';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { ImageFetcher, type ImageFetcherSettings } from './image-fetcher.js';

const LIMITS = {
  allowedFileRoots: [],
  isPrivateAddressAllowed: true,
  maxBytes: 10_000,
  timeoutMs: 2_000,
  maxRedirects: 3,
};

const fetchers: ImageFetcher[] = [];
const fetcher = (settings: Partial<ImageFetcherSettings> = {}): ImageFetcher => {
  const made = new ImageFetcher({ ...LIMITS, ...settings });
  fetchers.push(made);
  return made;
};
afterEach(async () => {
  await Promise.all(fetchers.splice(0).map((made) => made.close()));
});

async function listen(handler: RequestListener, host = '127.0.0.1'): Promise<{ server: Server; port: number }> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return { server, port: (server.address() as AddressInfo).port };
}

describe('http', () => {
  let server: Server;
  let base: string;
  let port: number;
  let requests: IncomingMessage[];

  const ROUTES: Record<string, RequestListener> = {
    '/picture': (_, response) => response.setHeader('content-type', 'image/png').end('pixels'),
    '/chunked': (_, response) => {
      response.write('pix');
      response.end('els');
    },
    '/empty': (_, response) => response.end(),
    '/large': (_, response) => response.end(Buffer.alloc(10_001)),
    '/large-chunked': (_, response) => {
      response.write(Buffer.alloc(6_000));
      response.end(Buffer.alloc(6_000));
    },
    '/cut-short': (_, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('only this');
      setTimeout(() => response.destroy(), 20);
    },
    '/no-headers': () => undefined,
    '/endless-slow': (_, response) => {
      const timer = setInterval(() => response.write('x'), 20);
      response.on('close', () => clearInterval(timer));
    },
    '/endless-fast': (_, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(4_096)));
      };
      response.on('drain', more);
      more();
    },
    '/gzip-bomb': (_, response) =>
      response.setHeader('content-encoding', 'gzip').end(gzipSync(Buffer.alloc(5_000_000))),
    '/redirect-to-file': (_, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
    '/redirect-to-s3': (_, response) => response.writeHead(302, { location: 's3://bucket/key' }).end(),
    '/redirect-to-credentials': (_, response) =>
      response.writeHead(302, { location: `http://user:secret@127.0.0.1:${port}/picture` }).end(),
    '/redirect-nowhere': (_, response) => response.writeHead(302).end(),
  };

  beforeAll(async () => {
    ({ server, port } = await listen((request, response) => {
      requests.push(request);
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://host');
      const hops = Number(searchParams.get('hops'));
      const route = ROUTES[pathname];
      if (pathname.startsWith('/status/')) response.writeHead(Number(pathname.slice(8))).end('no');
      else if (hops > 0) response.writeHead(301 + (hops % 2), { location: `?hops=${hops - 1}` }).end();
      else if (route) route(request, response);
      else response.writeHead(404).end();
    }));
    base = `http://127.0.0.1:${port}`;
  });
  beforeEach(() => (requests = []));
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it('brings the bytes and what the server calls them', async () => {
    const { bytes, contentType } = await fetcher().fetch(`${base}/picture`);
    expect([bytes.toString(), contentType]).toEqual(['pixels', 'image/png']);
    expect((await fetcher().fetch(`http://localhost:${port}/chunked`)).bytes.toString()).toBe('pixels');
    expect((await fetcher().fetch(`${base}/empty`)).bytes).toHaveLength(0);
  });

  it('asks for no encoding and sends nothing about itself or its caller', async () => {
    await fetcher().fetch(`${base}/picture?hops=1#secret`);
    for (const { headers, url } of requests) {
      expect(Object.keys(headers).sort()).toEqual(['accept', 'accept-encoding', 'connection', 'host', 'user-agent']);
      expect(headers['accept-encoding']).toBe('identity');
      expect(url).not.toContain('secret');
    }
  });

  it('leaves a gzip bomb folded', async () => {
    const { bytes } = await fetcher().fetch(`${base}/gzip-bomb`);
    expect(bytes.length).toBeLessThan(10_000);
  });

  it('checks the sha256', async () => {
    const sha256 = createHash('sha256').update('pixels').digest('hex');
    await fetcher().fetch(`${base}/picture`, { sha256: sha256.toUpperCase() });
    await expect(fetcher().fetch(`${base}/picture`, { sha256: sha256.replace(/./, 'x') })).rejects.toMatchObject({
      code: 'checksum_mismatch',
    });
  });

  it.each([
    ['/status/401', 'source_forbidden'],
    ['/status/403', 'source_forbidden'],
    ['/status/404', 'source_not_found'],
    ['/status/410', 'source_not_found'],
    ['/status/400', 'source_not_found'],
    ['/status/206', 'source_not_found'],
    ['/status/408', 'source_unavailable'],
    ['/status/429', 'source_unavailable'],
    ['/status/500', 'source_unavailable'],
    ['/status/503', 'source_unavailable'],
    ['/large', 'source_too_large'],
    ['/large-chunked', 'source_too_large'],
    ['/endless-fast', 'source_too_large'],
    ['/cut-short', 'source_unavailable'],
    ['/picture?hops=4', 'too_many_redirects'],
    ['/redirect-to-file', 'uri_not_allowed'],
    ['/redirect-to-s3', 'uri_not_allowed'],
    ['/redirect-to-credentials', 'uri_not_allowed'],
    ['/redirect-nowhere', 'source_not_found'],
  ])('%s is %s', async (path, code) => {
    await expect(fetcher().fetch(base + path)).rejects.toMatchObject({ name: 'DomainError', code });
  });

  it('follows three redirects', async () => {
    expect((await fetcher().fetch(`${base}/picture?hops=3`)).bytes.toString()).toBe('pixels');
  });

  it.each(['/no-headers', '/endless-slow'])('gives up on %s in time, and hangs up', async (path) => {
    await expect(fetcher({ timeoutMs: 200 }).fetch(base + path)).rejects.toMatchObject({ code: 'source_timeout' });
    const [request] = requests;
    if (request?.socket.destroyed === false) {
      await new Promise((resolve) => request.socket.once('close', resolve));
    }
  });

  it('stops when its caller does', async () => {
    const signal = AbortSignal.timeout(50);
    await expect(fetcher().fetch(`${base}/no-headers`, { signal })).rejects.toMatchObject({
      code: 'deadline_exceeded',
    });
    await expect(fetcher().fetch(`${base}/picture`, { signal })).rejects.toMatchObject({ code: 'deadline_exceeded' });
  });

  it('finds nobody at a closed port or an unknown name', async () => {
    const { server: brief, port: closed } = await listen(() => undefined);
    await new Promise((resolve) => brief.close(resolve));
    for (const host of [`127.0.0.1:${closed}`, 'no-such-host.invalid']) {
      await expect(fetcher({ timeoutMs: 10_000 }).fetch(`http://${host}/`)).rejects.toMatchObject({
        code: 'source_unavailable',
      });
    }
  });

  it('keeps to the allowed ports', async () => {
    await expect(fetcher({ allowedPorts: [80, 443] }).fetch(`${base}/picture`)).rejects.toMatchObject({
      code: 'uri_not_allowed',
    });
    await fetcher({ allowedPorts: [port] }).fetch(`${base}/picture`);
  });
});

describe('addresses that are not public, with a listener on all of them', () => {
  let server: Server;
  let port: number;
  let connections = 0;

  beforeAll(async () => {
    ({ server, port } = await listen((_, response) => response.end('reached'), '::'));
    server.on('connection', () => connections++);
  });
  afterAll(() => server.close());

  it('the listener is there', async () => {
    expect((await fetcher().fetch(`http://127.0.0.1:${port}/`)).bytes.toString()).toBe('reached');
    expect(connections).toBe(1);
  });

  it.each([
    ...['127.0.0.1', '127.1', '127.0.1', '2130706433', '0x7f000001', '0177.0.0.1', '0x7f.1', '127.255.255.254'],
    ...['0.0.0.0', '0', '0.0.0.1', '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.0.1', '169.254.169.254'],
    ...[
      '100.64.0.1',
      '192.0.0.1',
      '192.0.2.1',
      '198.18.0.1',
      '203.0.113.5',
      '224.0.0.1',
      '240.0.0.1',
      '255.255.255.255',
    ],
    ...[
      '[::]',
      '[::1]',
      '[0:0:0:0:0:0:0:1]',
      '[::ffff:127.0.0.1]',
      '[::ffff:7f00:1]',
      '[::127.0.0.1]',
      '[::ffff:a9fe:a9fe]',
    ],
    ...['[64:ff9b::127.0.0.1]', '[64:ff9b:1::1]', '[2002:7f00:1::]', '[2001:0:7f00:1::]', '[::ffff:0:127.0.0.1]'],
    ...['[fe80::1]', '[fc00::1]', '[fd00:ec2::254]', '[ff02::1]', '[fec0::1]', '[2001:db8::1]'],
    ...['localhost', 'LOCALHOST', '①②⑦.⓪.⓪.①', '127。0。0。1', '%31%32%37.0.0.1'],
  ])('%s', async (host) => {
    const before = connections;
    const guarded = fetcher({ isPrivateAddressAllowed: false });
    const address = expect.objectContaining({ code: 'address_not_allowed' }) as DomainError;
    await expect(guarded.fetch(`http://${host}:${port}/`)).rejects.toEqual(address);
    await expect(guarded.fetch(`https://${host}:${port}/`)).rejects.toEqual(address);
    expect(connections).toBe(before);
  });
});

describe('what is no address to fetch from', () => {
  it.each([
    '',
    'picture.jpg',
    '//host/picture.jpg',
    'http://',
    'http://a b/',
    'http://user@example.com/',
    'http://user:secret@example.com/',
    'http://:secret@example.com/',
    'http://example.com:0/',
    'ftp://example.com/a',
    'gopher://example.com/',
    'data:image/png;base64,AAAA',
    'javascript:alert(1)',
    'blob:http://example.com/a',
    'dict://127.0.0.1:11211/',
    'ldap://127.0.0.1/',
    'jar:http://example.com!/a',
    'unix:///var/run/docker.sock',
    'file:///etc/passwd',
    's3://bucket/key',
    `http://example.com/${'a'.repeat(5_000)}`,
  ])('%s', async (uri) => {
    await expect(fetcher().fetch(uri)).rejects.toMatchObject({ code: 'uri_not_allowed' });
  });
});

describe('file', () => {
  let dir: string;
  let root: string;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'image-fetcher-'));
    root = join(dir, 'root');
    await mkdir(join(root, 'folder'), { recursive: true });
    await mkdir(join(dir, 'root-beside'));
    await writeFile(join(root, 'folder', 'a b.jpg'), 'pixels');
    await writeFile(join(root, 'large.jpg'), Buffer.alloc(10_001));
    await writeFile(join(dir, 'root-beside', 'secret'), 'secret');
    await symlink(join(root, 'folder', 'a b.jpg'), join(root, 'link-inside'));
    await symlink(join(dir, 'root-beside', 'secret'), join(root, 'link-outside'));
    await symlink(join(dir, 'root-beside'), join(root, 'folder-outside'));
    await symlink(root, join(dir, 'link-to-root'));
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  const fetchFile = (path: string, allowedRoot = root) =>
    fetcher({ allowedFileRoots: [allowedRoot] }).fetch(pathToFileURL(path).href);

  it('brings files under a root, also through links that stay inside', async () => {
    expect((await fetchFile(join(root, 'folder', 'a b.jpg'))).bytes.toString()).toBe('pixels');
    expect((await fetchFile(join(root, 'link-inside'))).bytes.toString()).toBe('pixels');
    const linkedRoot = join(dir, 'link-to-root');
    expect((await fetchFile(join(linkedRoot, 'link-inside'), linkedRoot)).bytes.toString()).toBe('pixels');
  });

  it.each([
    ['missing.jpg', 'source_not_found'],
    ['folder', 'source_not_found'],
    ['folder/a b.jpg/deeper', 'source_not_found'],
    ['large.jpg', 'source_too_large'],
    ['link-outside', 'uri_not_allowed'],
    ['folder-outside/secret', 'uri_not_allowed'],
    ['../root-beside/secret', 'uri_not_allowed'],
    ['../root-beside/missing', 'uri_not_allowed'],
    ['.', 'uri_not_allowed'],
  ])('%s is %s', async (path, code) => {
    await expect(fetchFile(join(root, path))).rejects.toMatchObject({ code });
  });

  it.each(['file://host/etc/passwd', 'file:///root%2f..%2fetc/passwd', 'file:///etc/passwd%00.jpg'])(
    'refuses %s',
    async (uri) => {
      await expect(fetcher({ allowedFileRoots: ['/'] }).fetch(uri)).rejects.toMatchObject({ code: 'uri_not_allowed' });
    },
  );
});

describe('s3', () => {
  const opened: unknown[] = [];
  const reader = {
    open: async (bucket: string, key: string, options: { versionId?: string }) => {
      opened.push([bucket, key, options.versionId]);
      if (key === 'missing') throw new DomainError('not_found', 'No object');
      if (key === 'forbidden') throw new DomainError('forbidden', 'No');
      if (key === 'broken') throw new Error('socket hang up');
      if (key === 'endless') return { stream: new Readable({ read: () => undefined }), size: 100 };
      const size = key === 'large' ? 10_001 : 6;
      const chunk = Buffer.alloc(key === 'lying' ? 10_001 : size, 'x');
      return { stream: Readable.from([chunk]), size };
    },
  };

  it('opens the decoded key at its version', async () => {
    const { bytes } = await fetcher({ s3: reader }).fetch('s3://media/a%20b/c.jpg?versionId=v%2F1');
    expect([bytes.toString(), opened.at(-1)]).toEqual(['xxxxxx', ['media', 'a b/c.jpg', 'v/1']]);
  });

  it.each([
    ['missing', 'source_not_found'],
    ['forbidden', 'source_unavailable'],
    ['broken', 'source_unavailable'],
    ['large', 'source_too_large'],
    ['lying', 'source_too_large'],
    ['endless', 'source_timeout'],
  ])('%s is %s', async (key, code) => {
    await expect(fetcher({ s3: reader, timeoutMs: 300 }).fetch(`s3://media/${key}`)).rejects.toMatchObject({ code });
  });

  it('keeps to the allowed buckets', async () => {
    const few = fetcher({ s3: reader, allowedBuckets: ['media'] });
    await few.fetch('s3://media/key');
    await expect(few.fetch('s3://other/key')).rejects.toMatchObject({ code: 'uri_not_allowed' });
  });
});
