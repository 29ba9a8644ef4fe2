import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HubServer, etagOf } from '../../../../test/support/hub-server.js';
import { pullSnapshot, type PullProgress, type SnapshotRequest } from './pull-snapshot.js';
import { HubCache } from './hub-cache.js';

const REPOSITORY = 'museum/pictures';
const weights = randomBytes(300_000);
const config = Buffer.from('{"model_type": "clip"}\n');
const files = {
  'README.md': Buffer.from('# Pictures\n'),
  'clip/config.json': config,
  'clip/model.safetensors': weights,
};
const wanted = { required: ['clip/config.json', ['clip/model.safetensors', 'clip/pytorch_model.bin']] };

let cache: string;
let hub: HubServer;
beforeEach(async () => {
  cache = await mkdtemp(path.join(tmpdir(), 'housestyle-hub-'));
  hub = await HubServer.start({ [REPOSITORY]: { files, licence: 'mit' } }, { 'museum/old-name': REPOSITORY });
});
afterEach(async () => {
  await hub.stop();
  await rm(cache, { recursive: true });
});

const pull = (request: Partial<SnapshotRequest> = {}, options: { isOffline?: boolean; token?: string } = {}) =>
  pullSnapshot(
    { repository: REPOSITORY, wanted, ...request },
    { endpoint: hub.endpoint, cache, timeoutMs: 500, retryDelayMs: 1, ...options },
  );
const expectWeights = async (folder: string) =>
  expect((await readFile(path.join(folder, 'clip/model.safetensors'))).equals(weights)).toBe(true);
const here = () => new HubCache(cache, REPOSITORY);
const partial = () => here().partialBlob(etagOf('x.safetensors', weights));

describe('a pulled snapshot', () => {
  it('lies in the cache as other tools of the hub write it', async () => {
    const snapshot = await pull();
    const commit = hub.commitOf(REPOSITORY);
    const root = path.join(cache, 'models--museum--pictures');
    expect(snapshot).toEqual({
      repository: REPOSITORY,
      commit,
      folder: path.join(root, 'snapshots', commit),
      files: ['clip/config.json', 'clip/model.safetensors'],
      licence: 'mit',
    });
    expect(await readFile(path.join(root, 'refs/main'), 'utf8')).toBe(commit);
    for (const [file, bytes] of [['clip/config.json', config] as const, ['clip/model.safetensors', weights] as const]) {
      const pointer = path.join(snapshot.folder, file);
      expect(await readlink(pointer)).toBe(`../../../blobs/${etagOf(file, bytes)}`);
      expect((await readFile(pointer)).equals(bytes)).toBe(true);
    }
    expect((await readdir(path.join(root, 'blobs'))).sort()).toEqual(
      [etagOf('a.json', config), etagOf('a.safetensors', weights)].sort(),
    );
  });

  it('is not fetched twice', async () => {
    await pull();
    const asked = hub.rangesOf(weights).length;
    await pull();
    await pull({ revision: hub.commitOf(REPOSITORY) });
    await pull({ revision: 'refs/pr/1' });
    expect(hub.rangesOf(weights)).toHaveLength(asked);
    expect(await here().commitOf('refs/pr/1')).toBe(hub.commitOf(REPOSITORY));
  });

  it('has the optional files that there are, and progress counts all bytes', async () => {
    const seen: PullProgress[] = [];
    const { files: pulled } = await pull({
      wanted: { ...wanted, optional: /^(README\.md|LICENSE)$/ },
      onProgress: (progress) => seen.push(progress),
    });
    expect(pulled).toContain('README.md');
    const totalBytes = Object.values(files).reduce((sum, { length }) => sum + length, 0);
    expect(seen.every((progress) => progress.totalBytes === totalBytes)).toBe(true);
    expect(seen.map(({ receivedBytes }) => receivedBytes)).toEqual(
      seen.map((p) => p.receivedBytes).sort((a, b) => a - b),
    );
    expect(seen.at(-1)!.receivedBytes).toBe(totalBytes);
  });

  it('comes from where a renamed repository is now', async () => {
    expect((await pull({ repository: 'museum/old-name' })).commit).toBe(hub.commitOf(REPOSITORY));
  });
});

describe('an interrupted download', () => {
  it('goes on where the connection was cut', async () => {
    await mkdir(path.dirname(partial()), { recursive: true });
    await writeFile(partial(), weights.subarray(0, 20_000));
    for (let cuts = 0; cuts < 4; cuts++) hub.failNext('cdn', '/blobs/', { cutAfter: 60_000 });
    await expectWeights((await pull()).folder);
    const offsets = hub.rangesOf(weights).map((range) => Number(/^bytes=(\d+)-$/.exec(range!)![1]));
    expect(offsets).toHaveLength(5);
    expect(offsets[0]).toBe(20_000);
    expect(offsets).toEqual(offsets.toSorted((a, b) => a - b));
  });

  it('goes on where it went quiet', async () => {
    hub.failNext('cdn', '/blobs/', { quietAfter: 100_000 });
    await pull();
    expect(hub.rangesOf(weights)).toEqual([undefined, 'bytes=100000-']);
  });

  it('asks for what an earlier process left off only', async () => {
    await mkdir(path.dirname(partial()), { recursive: true });
    await writeFile(partial(), weights.subarray(0, 299_000));
    await pull();
    expect(hub.rangesOf(weights)).toEqual(['bytes=299000-']);
  });

  it('follows a server that starts again', async () => {
    await mkdir(path.dirname(partial()), { recursive: true });
    await writeFile(partial(), weights.subarray(0, 1000));
    hub.failNext('cdn', '/blobs/', 'whole file');
    const { folder } = await pull();
    await expectWeights(folder);
  });

  it('starts again when what was left is not what it should be', async () => {
    await mkdir(path.dirname(partial()), { recursive: true });
    await writeFile(partial(), randomBytes(1000));
    const { folder } = await pull();
    await expectWeights(folder);
    expect(hub.rangesOf(weights)).toEqual(['bytes=1000-', undefined]);
  });

  it.each([429, 500, 503])('is asked for again after %i', async (status) => {
    hub.failNext('hub', '/api/', { status, headers: { 'retry-after': '0' } });
    hub.failNext('cdn', '/blobs/', { status });
    await pull();
  });

  it('is given up after five failures in a row, and says so', async () => {
    for (let i = 0; i < 5; i++) hub.failNext('cdn', '/blobs/', { status: 503 });
    await expect(pull()).rejects.toMatchObject({
      code: 'source_unavailable',
      message: expect.stringMatching(/503 \(5 times\)/) as string,
    });
  });
});

describe('wrong bytes', () => {
  it('are refused, not kept, and another pull gets the right ones', async () => {
    hub.failNext('cdn', '/blobs/', 'wrong bytes');
    await expect(pull()).rejects.toMatchObject({ code: 'checksum_mismatch' });
    expect(await readdir(path.dirname(partial()))).toEqual([etagOf('a.json', config)]);
    const { folder } = await pull();
    await expectWeights(folder);
  });

  it('are noticed in small files too, by git’s hash', async () => {
    hub.failNext('hub', '/resolve/', 'wrong bytes');
    await expect(pull()).rejects.toMatchObject({
      code: 'checksum_mismatch',
      message: expect.stringContaining('config.json') as string,
    });
  });
});

describe('two pulls at once', () => {
  it('fetch a file once', async () => {
    const snapshots = await Promise.all([pull(), pull(), pull()]);
    expect(new Set(snapshots.map(({ folder }) => folder)).size).toBe(1);
    expect(hub.rangesOf(weights)).toHaveLength(1);
  });

  it('wait for nobody who is dead', async () => {
    const lock = here().lock(etagOf('x.safetensors', weights));
    await mkdir(path.dirname(lock), { recursive: true });
    // a process id beyond what the system gives
    await writeFile(lock, JSON.stringify({ token: 'x', pid: 2 ** 30, host: hostname() }));
    await pull();
    await expect(stat(lock)).rejects.toThrow('ENOENT');
  });
});

describe('the token', () => {
  it('is told to the hub and never to the host that it redirects to', async () => {
    hub.repositories[REPOSITORY] = { files, token: 'hf_secret' };
    await pull({}, { token: 'hf_secret' });
    const told = (host: string) => hub.seen.filter((request) => request.host === host).map((r) => r.authorization);
    expect(new Set(told('hub'))).toEqual(new Set(['Bearer hf_secret']));
    expect(new Set(told('cdn'))).toEqual(new Set([undefined]));
  });

  it('opens what is gated; without it the refusal says what to do', async () => {
    hub.repositories[REPOSITORY] = { files, token: 'hf_secret', isGated: true };
    await expect(pull()).rejects.toMatchObject({
      code: 'source_forbidden',
      message: expect.stringMatching(/accept the terms.*HF_TOKEN/) as string,
    });
    await pull({}, { token: 'hf_secret' });
  });
});

describe('what is not there', () => {
  it.each([
    ['a repository', { repository: 'museum/nothing' }, 'model_not_found', /HF_TOKEN/],
    ['a revision', { revision: 'v2' }, 'model_not_found', /404/],
    ['a file', { wanted: { required: ['mapper/config.json'] } }, 'model_not_found', /holds no mapper\/config.json/],
    ['a name', { repository: '../../etc' }, 'invalid_request', /org\/name/],
  ])('%s is named', async (_, request, code, words) => {
    await expect(pull(request)).rejects.toMatchObject({ code, message: expect.stringMatching(words) as string });
  });

  it('a file whose path leads out of the cache is not fetched', async () => {
    hub.repositories[REPOSITORY] = { files: { ...files, '../../evil.md': config, '.git/evil.md': config } };
    expect((await pull({ wanted: { ...wanted, optional: /md$/ } })).files).toEqual(
      expect.not.arrayContaining([/evil/]),
    );
    expect(hub.seen.filter(({ path: asked }) => asked.includes('evil'))).toEqual([]);
  });
});

describe('offline', () => {
  it('takes a snapshot from the cache and connects to nobody', async () => {
    const { commit, folder } = await pull();
    const asked = hub.seen.length;
    expect(await pull({}, { isOffline: true })).toMatchObject({ commit, folder });
    expect(hub.seen).toHaveLength(asked);
  });

  it('says what is missing', async () => {
    await pull({ wanted: { required: ['clip/config.json'] } });
    await expect(pull({}, { isOffline: true })).rejects.toMatchObject({
      code: 'model_not_found',
      message: `offline, and ${cache} lacks of museum/pictures (main): clip/model.safetensors or clip/pytorch_model.bin`,
    });
  });
});
