import { createHook, type AsyncHook } from 'node:async_hooks';
import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { fileURLToPath } from 'node:url';
import { toDomainError } from '@housestyle/domain';
import { GuardedPoster, ImageFetcher, type LookUp, type OutboundRules } from '@housestyle/imaging';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DNS, FETCH_VECTORS, REDIRECTS, type FetchVector } from './fetch-vectors.js';

const TABLE = fileURLToPath(new URL('../../docs/fetch-vectors.md', import.meta.url));
const LIMITS = { allowedFileRoots: [], maxBytes: 10_000, timeoutMs: 20_000, maxRedirects: 3 };

let canary: TcpServer;
let front: Server;
let ports: { canary: number; front: number };
/** what reached the canary, and every TCP connection this process began */
let reached = 0;
let connects = 0;
let connectsToFront = 0;
let hook: AsyncHook;

beforeAll(async () => {
  canary = createTcpServer((socket) => {
    reached += 1;
    socket.on('error', () => undefined).end('HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\ncanary');
  });
  front = createServer((request, response) => {
    const to = REDIRECTS[request.url!.replace('/to/', '')];
    response.setHeader('connection', 'close');
    if (to === undefined) response.end('harmless');
    else response.writeHead(302, { location: filled(to) }).end();
  }).on('connection', () => (connectsToFront += 1));
  // on every address of this machine, in both families
  await new Promise<void>((resolve) => canary.listen(0, '::', resolve));
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.2', resolve));
  ports = { canary: (canary.address() as AddressInfo).port, front: (front.address() as AddressInfo).port };
  hook = createHook({ init: (_, type) => void (type === 'TCPCONNECTWRAP' && (connects += 1)) }).enable();
});
afterAll(() => {
  hook?.disable();
  canary?.close();
  front?.closeAllConnections();
  front?.close();
});
beforeEach(() => (reached = connects = connectsToFront = 0));

const filled = (uri: string): string =>
  uri.replaceAll('{canary}', String(ports.canary)).replaceAll('{front}', String(ports.front));

/** The names of the table; nobody else exists. */
function resolver(): LookUp {
  const asked = new Map<string, number>();
  return (hostname, _, callback) => {
    const answers = DNS[hostname];
    const time = asked.get(hostname) ?? 0;
    asked.set(hostname, time + 1);
    const addresses = answers?.[Math.min(time, answers.length - 1)];
    if (addresses === undefined) callback(Object.assign(new Error(hostname), { code: 'ENOTFOUND' }), []);
    else
      callback(
        null,
        [...addresses].map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
  };
}

/** The rule as the pipeline sets it, with one address standing for the internet. */
const guarded = (): OutboundRules & { isPrivateAddressAllowed: boolean } => ({
  isPrivateAddressAllowed: false,
  allowedNetworks: ['127.0.0.2/32'],
  allowedPorts: [80, 443, ports.canary, ports.front],
  lookUp: resolver(),
});

/** No rule at all: what the canary would see. */
const unguarded = () => ({ isPrivateAddressAllowed: true, lookUp: resolver() });

async function outcomeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'fetched',
    (error: unknown) => toDomainError(error).code,
  );
}

it('has at least 60 vectors, no two alike, and most would reach something here', () => {
  expect(FETCH_VECTORS.length).toBeGreaterThanOrEqual(60);
  expect(new Set(FETCH_VECTORS.map(({ uri }) => uri)).size).toBe(FETCH_VECTORS.length);
});

describe('pictures', () => {
  it('no vector reaches a canary, or opens a connection to anything but the server it was meant for', async () => {
    const fetcher = new ImageFetcher({ ...LIMITS, ...guarded() });
    const rows: (FetchVector & { readonly connections: number })[] = [];
    for (const vector of FETCH_VECTORS) {
      const before = reached + connects - connectsToFront;
      const outcome = await outcomeOf(fetcher.fetch(filled(vector.uri)));
      rows.push({ ...vector, outcome, connections: reached + connects - connectsToFront - before });
    }
    await fetcher.close();
    expect(rows).toEqual(FETCH_VECTORS.map((vector) => ({ ...vector, connections: 0 })));
    expect(reached).toBe(0);
    await expect(toTable(rows)).toMatchFileSnapshot(TABLE);
  });

  it('with the rule off, each vector that leads here reaches the canary: the listeners live, the test can fail', async () => {
    const local = FETCH_VECTORS.filter(({ isLocal }) => isLocal);
    const fetcher = new ImageFetcher({ ...LIMITS, ...unguarded() });
    for (const { uri } of local) {
      const before = reached;
      await outcomeOf(fetcher.fetch(filled(uri)));
      expect(reached, uri).toBeGreaterThan(before);
    }
    await fetcher.close();
    expect(local.length).toBeGreaterThanOrEqual(40);
  });

  it('reaches none of this machine’s own addresses, public ones by being denied', async () => {
    const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
    const deniedNetworks = own.map(({ address, family }) => `${address}/${family === 'IPv6' ? 128 : 32}`);
    const rules = { isPrivateAddressAllowed: true, deniedNetworks, lookUp: resolver() };
    const fetcher = new ImageFetcher({ ...LIMITS, ...rules });
    for (const { address, family } of own) {
      const host = family === 'IPv6' ? `[${address}]` : address;
      expect(await outcomeOf(fetcher.fetch(`http://${host}:${ports.canary}/`)), host).toBe('address_not_allowed');
    }
    await fetcher.close();
    expect([reached, connects]).toEqual([0, 0]);
  });
});

describe('webhooks', () => {
  it('no vector reaches a canary: the rule is the same, and no redirect is followed at all', async () => {
    const poster = new GuardedPoster({ ...guarded(), allowedSchemes: ['https', 'http'], timeoutMs: 20_000 });
    for (const vector of FETCH_VECTORS.filter(({ attack }) => attack !== 'rebinding')) {
      const uri = filled(vector.uri);
      const outcome = await poster.post(uri, '{}', {}).catch((error: unknown) => toDomainError(error).code);
      expect(outcome, vector.uri).toBe(vector.attack.startsWith('redirect') ? 302 : vector.outcome);
    }
    await poster.close();
    expect([reached, connects - connectsToFront]).toEqual([0, 0]);
  });

  it('takes http: only where it is allowed', async () => {
    const poster = new GuardedPoster({ ...guarded(), allowedSchemes: ['https'], timeoutMs: 20_000 });
    expect(await outcomeOf(poster.post(filled('http://front.example:{front}/'), '{}', {}))).toBe('uri_not_allowed');
    await poster.close();
    expect(connects).toBe(0);
  });
});

/** docs/fetch-vectors.md */
function toTable(rows: readonly (FetchVector & { readonly connections: number })[]): string {
  const lines = rows.map(
    ({ attack, uri, outcome, isLocal, connections }) =>
      `| ${attack} | ${inline(uri)} | \`${outcome}\` | ${isLocal ? 'yes' : ''} | ${connections} |`,
  );
  return `# What a hostile URI may try

Written by \`npx vitest run -u test/integration/fetch-vectors.spec.ts\`; the vectors are in \`test/integration/fetch-vectors.ts\`, with the names' answers and where the redirects lead. \`{canary}\` is the port of a listener on every address of the machine; \`{front}\` that of a server which stands for the public internet. "Leads here": without the rule it does reach the canary, which the same spec shows. Connections are counted by the canary and by the process itself (every TCP connection it begins), but for those to the front server.

${rows.length} vectors, ${rows.filter(({ isLocal }) => isLocal).length} of them lead here; ${rows.reduce((sum, { connections }) => sum + connections, 0)} connections.

| attack | URI | outcome | leads here | connections |
|---|---|---|---|---|
${lines.join('\n')}
`;
}

const inline = (uri: string): string => `\`${JSON.stringify(uri).slice(1, -1).replaceAll('|', '\\|')}\``;
