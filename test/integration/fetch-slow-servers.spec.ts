import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { DomainError, toDomainError } from '@housestyle/domain';
import { GuardedPoster, ImageFetcher, type OutboundRules } from '@housestyle/imaging';
import { afterEach, describe, expect, it } from 'vitest';
import { waitFor } from '../support/wait-for.js';

/** Writes `text` again and again, a little at a time, for as long as anyone listens. */
const drip = (socket: Socket, text: string): void => {
  const timer = setInterval(() => socket.write(text), 20);
  socket.on('close', () => clearInterval(timer));
};

const OK = 'HTTP/1.1 200 OK\r\n';

/** What a server does with a connection, by name; each is asked once as a picture and once as a webhook. */
const SERVERS: Readonly<Record<string, (socket: Socket, port: number) => void>> = {
  'says nothing': () => undefined,
  'writes its status line for ever': (socket) => drip(socket, 'H'),
  'writes one header for ever': (socket) => {
    socket.write(`${OK}x: `);
    drip(socket, 'y');
  },
  'writes header after header': (socket) => {
    socket.write(OK);
    drip(socket, 'x: y\r\n');
  },
  'is always about to answer (103)': (socket) => drip(socket, 'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'),
  'drips its body': (socket) => {
    socket.write(`${OK}content-length: 9000\r\n\r\n`);
    drip(socket, 'x');
  },
  'drips chunks': (socket) => {
    socket.write(`${OK}transfer-encoding: chunked\r\n\r\n`);
    drip(socket, '1\r\nx\r\n');
  },
  'drips a chunk’s extension': (socket) => {
    socket.write(`${OK}transfer-encoding: chunked\r\n\r\n1;`);
    drip(socket, 'x');
  },
  'drips trailers': (socket) => {
    socket.write(`${OK}transfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n`);
    drip(socket, 'x: y\r\n');
  },
  'redirects to itself, slowly': (socket, port) => {
    setTimeout(() => socket.write(`HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:${port}/\r\n\r\n`), 150);
  },
  'promises more than it sends': (socket) => socket.write(`${OK}content-length: 500\r\n\r\nonly this`),
  'promises too much': (socket) => socket.write(`${OK}content-length: 99999999999\r\n\r\nx`),
  'sends more than it promised': (socket) => socket.write(`${OK}content-length: 4\r\n\r\nfour and more`),
  'promises two lengths': (socket) => socket.write(`${OK}content-length: 4\r\ncontent-length: 5\r\n\r\nfive!`),
  'promises a length and chunks': (socket) =>
    socket.write(`${OK}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n4\r\nfour\r\n0\r\n\r\n`),
  'sends endless bytes': (socket) => {
    socket.write(`${OK}\r\n`);
    const pour = (): void => {
      while (!socket.destroyed && socket.write(Buffer.alloc(65_536)));
    };
    socket.on('drain', pour);
    pour();
  },
  'sends endless headers': (socket) => {
    socket.write(OK);
    const pour = (): void => {
      while (!socket.destroyed && socket.write(`x-${'y'.repeat(1_000)}: z\r\n`));
    };
    socket.on('drain', pour);
    pour();
  },
  'speaks no HTTP': (socket) => socket.write('-ERR unknown command\r\n'),
};

/** Where not said: `source_timeout`. */
const PICTURE_OUTCOMES: Readonly<Record<string, string>> = {
  'writes its status line for ever': 'source_unavailable',
  'promises too much': 'source_too_large',
  'sends more than it promised': 'fetched',
  'promises two lengths': 'source_unavailable',
  'promises a length and chunks': 'source_unavailable',
  'sends endless bytes': 'source_too_large',
  'sends endless headers': 'source_unavailable',
  'speaks no HTTP': 'source_unavailable',
};

/** for those that end only so; the others need a moment, on a busy machine too */
const TIMEOUT_MS = 2_000;

interface Hostile {
  readonly url: string;
  readonly server: Server;
  readonly sockets: Set<Socket>;
}

const started: Hostile[] = [];

async function start(behave: (socket: Socket, port: number) => void): Promise<Hostile> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    socket.once('data', () => behave(socket, port));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const hostile = { url: `http://127.0.0.1:${port}/`, server, sockets };
  started.push(hostile);
  return hostile;
}

const hungUp = ({ sockets }: Hostile): Promise<boolean> =>
  waitFor('the connection to be closed', () => sockets.size === 0);

afterEach(async () => {
  for (const { server, sockets } of started.splice(0)) {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
});

const fetcher = (rules: Partial<OutboundRules> = {}): ImageFetcher =>
  new ImageFetcher({
    allowedFileRoots: [],
    isPrivateAddressAllowed: true,
    maxBytes: 10_000,
    timeoutMs: TIMEOUT_MS,
    maxRedirects: 50,
    ...rules,
  });

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'fetched',
    (error: unknown) => toDomainError(error).code,
  );

describe('a picture server', () => {
  it('that is slow, endless, lying or looping is given up in time, and hung up on', async () => {
    const pictures = fetcher();
    const outcomes = await Promise.all(
      Object.entries(SERVERS).map(async ([name, behave]) => {
        const hostile = await start(behave);
        return [name, await codeOf(pictures.fetch(hostile.url))];
      }),
    );
    const expected = Object.keys(SERVERS).map((name) => [name, PICTURE_OUTCOMES[name] ?? 'source_timeout']);
    expect(outcomes).toEqual(expected);
    // of a good answer the connection stays, to be used again
    await pictures.close();
    await Promise.all(started.map(hungUp));
  });

  it('whose name is looked up for ever is given up in time', async () => {
    const rules = { isPrivateAddressAllowed: false, lookUp: () => undefined };
    const pictures = fetcher(rules);
    expect(await codeOf(pictures.fetch('http://never.example/'))).toBe('source_timeout');
    await pictures.close();
  });

  it('that never finishes its TLS handshake is given up in time', async () => {
    const hostile = await start(() => undefined);
    const pictures = fetcher();
    expect(await codeOf(pictures.fetch(hostile.url.replace('http:', 'https:')))).toBe('source_timeout');
    await pictures.close();
    await hungUp(hostile);
  });

  it('is told no credential, cookie or referrer, nor is the one it redirects to', async () => {
    const heads: string[] = [];
    const { server, url, sockets } = await start(() => undefined);
    server.removeAllListeners('connection').on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
      socket.on('data', (chunk) => {
        heads.push(chunk.toString());
        const redirect = `307 Moved\r\nlocation: ${url}next\r\nset-cookie: a=b\r\nwww-authenticate: Basic realm="x"`;
        socket.write(`HTTP/1.1 ${heads.length === 1 ? redirect : '200 OK'}\r\ncontent-length: 0\r\n\r\n`);
      });
    });
    const pictures = fetcher();
    expect(await codeOf(pictures.fetch(`${url}first#fragment`))).toBe('fetched');
    await pictures.close();
    expect(heads).toHaveLength(2);
    for (const head of heads) {
      const [line, ...headers] = head.trimEnd().split('\r\n');
      expect(line).not.toContain('fragment');
      const names = headers.map((header) => header.split(':')[0]!.toLowerCase());
      expect(names.sort()).toEqual(['accept', 'accept-encoding', 'connection', 'host', 'user-agent']);
    }
  });
});

describe('a webhook’s receiver', () => {
  it('that is slow, endless, lying or looping holds nobody up', async () => {
    const rules = { isPrivateAddressAllowed: true, allowedSchemes: ['http'], timeoutMs: TIMEOUT_MS };
    const poster = new GuardedPoster(rules);
    await Promise.all(
      Object.entries(SERVERS).map(async ([name, behave]) => {
        const hostile = await start(behave);
        const answer = await poster.post(hostile.url, '{}', {}).catch((error: unknown) => toDomainError(error).code);
        // the status is all that counts: what comes after it is not waited for
        expect([200, 302, 'source_timeout', 'source_unavailable'], name).toContain(answer);
        await hungUp(hostile);
      }),
    );
    await poster.close();
  });
});

it('refuses what is no network, at the start', () => {
  for (const network of ['10.0.0.0', '10.0.0.0/33', 'everything', '']) {
    const rules = { isPrivateAddressAllowed: false, deniedNetworks: [network], allowedSchemes: [], timeoutMs: 1 };
    expect(() => new GuardedPoster(rules), network).toThrow(DomainError);
  }
});
