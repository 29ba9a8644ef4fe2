import { createHook } from 'node:async_hooks';
import { createSocket, type Socket } from 'node:dgram';
import { lookup, type LookupAddress } from 'node:dns';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { toDomainError } from '@housestyle/domain';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { ImageFetcher } from './image-fetcher.js';
import { createLookUp, type LookUp } from './look-up.js';

const A = 1;
const AAAA = 28;
const NO_SUCH_NAME = 3;
const SERVER_FAILED = 2;

/** What is known of a name, by the type that is asked for: data, or a code; `silent.*` are never answered. */
const NAMES: Readonly<Record<string, Partial<Record<number, readonly number[] | number>>>> = {
  'picture.example': { [A]: [127, 0, 0, 1] },
  'six.example': { [AAAA]: [...Array.from({ length: 15 }, () => 0), 1] },
  'half.example': { [A]: [127, 0, 0, 1], [AAAA]: SERVER_FAILED },
  'empty.example': {},
  'failing.example': { [A]: SERVER_FAILED, [AAAA]: SERVER_FAILED },
};

/** The answer to the one question of `query`; nothing for what is silent. */
function answerTo(query: Buffer): Buffer | undefined {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at]!; length > 0; length = query[at]!) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += length + 1;
  }
  const name = labels.join('.').toLowerCase();
  if (name.startsWith('silent.')) return undefined;
  const type = query.readUInt16BE(at + 1);
  const known = NAMES[name] === undefined ? NO_SUCH_NAME : NAMES[name][type];
  const [code, data] = typeof known === 'number' ? [known, undefined] : [0, known];
  const head = Buffer.from(query.subarray(0, 12));
  head.writeUInt16BE(0x8180 | code, 2);
  for (const [index, count] of [1, data ? 1 : 0, 0, 0].entries()) head.writeUInt16BE(count, 4 + 2 * index);
  const record = data ? [0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, data.length, ...data] : [];
  return Buffer.concat([head, query.subarray(12, at + 5), Buffer.from(record)]);
}

let names: Socket;
let pictures: Server;
let lookUp: LookUp;
let folder: string;
const silentNames = new Set<string>();
let onSilence: () => void;

beforeAll(async () => {
  names = createSocket('udp4', (query, { port, address }) => {
    const answer = answerTo(query);
    if (answer) return names.send(answer, port, address);
    silentNames.add(query.toString('latin1', 12));
    onSilence();
  }).bind(0, '127.0.0.1');
  pictures = createServer((_, response) => response.end('pixels')).listen(0, '127.0.0.1');
  await Promise.all([once(names, 'listening'), once(pictures, 'listening')]);
  folder = await mkdtemp(join(tmpdir(), 'look-up-'));
  const hostsFile = join(folder, 'hosts');
  await writeFile(hostsFile, '# 10.9.9.9 picture.example\n10.0.0.1\tStore store.inside # ours\n::2 store.inside\n');
  lookUp = createLookUp({ servers: [`127.0.0.1:${names.address().port}`], hostsFile });
});
beforeEach(() => (onSilence = () => undefined));
afterAll(async () => {
  names.close();
  pictures.close();
  await rm(folder, { recursive: true });
});

const addressesOf = (name: string): Promise<LookupAddress[]> =>
  new Promise((resolve, reject) => {
    lookUp(name, { all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses)));
  });

const fetcher = (settings: { readonly lookUp?: LookUp } = {}): ImageFetcher =>
  new ImageFetcher({
    allowedFileRoots: [],
    isPrivateAddressAllowed: true,
    maxBytes: 100,
    timeoutMs: 2_000,
    maxRedirects: 0,
    ...settings,
  });

const at = (name: string): string => `http://${name}:${(pictures.address() as AddressInfo).port}/`;

describe('a name', () => {
  it.each([
    ['picture.example', ['127.0.0.1']],
    ['picture.example.', ['127.0.0.1']],
    ['six.example', ['::1']],
    ['half.example', ['127.0.0.1']],
    ['store', ['10.0.0.1']],
    ['STORE.inside', ['10.0.0.1', '::2']],
    ['localhost', ['127.0.0.1', '::1']],
    ['localhost.', ['127.0.0.1', '::1']],
    ['app.localhost', ['127.0.0.1', '::1']],
  ])('%s leads to %j', async (name, addresses) => {
    const expected = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    expect(await addressesOf(name)).toEqual(expected);
  });

  it.each([
    ['nobody.example', 'ENOTFOUND'],
    ['empty.example', 'ENODATA'],
    ['failing.example', 'ESERVFAIL'],
    [`${'a'.repeat(64)}.example`, 'EBADNAME'],
  ])('%s is %s', async (name, code) => {
    await expect(addressesOf(name)).rejects.toMatchObject({ code });
  });
});

describe('a fetch', () => {
  it('of a good name comes through while a hundred names are not answered', async () => {
    const fetches = fetcher({ lookUp });
    const allAsked = new Promise<void>((resolve) => (onSilence = () => silentNames.size >= 100 && resolve()));
    const silent = Array.from({ length: 100 }, (_, index) => fetches.fetch(at(`silent.${index}.example`)));
    const outcomes = Promise.all(silent.map((work) => work.catch((error: unknown) => toDomainError(error).code)));
    await allAsked;
    expect((await fetches.fetch(at('picture.example'))).bytes.toString()).toBe('pixels');
    expect(new Set(await outcomes)).toEqual(new Set(['source_timeout']));
    await fetches.close();
  });

  it('of a name that nobody has finds no server', async () => {
    const fetches = fetcher({ lookUp });
    for (const name of ['nobody.example', 'failing.example', 'empty.example']) {
      await expect(fetches.fetch(at(name)), name).rejects.toMatchObject({ code: 'source_unavailable' });
    }
    await fetches.close();
  });

  it('asks the system for no name', async () => {
    let asked = 0;
    const hook = createHook({ init: (_, type) => void (type === 'GETADDRINFOREQWRAP' && (asked += 1)) }).enable();
    const fetches = fetcher();
    expect((await fetches.fetch(at('localhost'))).bytes.toString()).toBe('pixels');
    expect(asked).toBe(0);
    await fetches.close();
    // the count can fail
    await new Promise((resolve) => lookup('localhost', resolve));
    expect(asked).toBe(1);
    hook.disable();
  });
});
