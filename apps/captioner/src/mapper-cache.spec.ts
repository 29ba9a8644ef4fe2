import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { DomainError, type MapperReference } from '@housestyle/domain';
import { FileObjectStore, type StoredObject } from '@housestyle/object-store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { waitFor } from '../../../test/support/wait-for.js';
import { MapperCache } from './mapper-cache.js';
import { MapperFolders } from './mapper-folders.js';

const sha256Of = (bytes: string): string => createHash('sha256').update(bytes).digest('hex');
const WEIGHTS = 'weights of a mapper';

/** A store whose objects under `slow/` come byte by byte, when the test says so. */
class SlowStore extends FileObjectStore {
  readonly slow: Readable[] = [];

  override async get(key: string): Promise<StoredObject> {
    if (!key.startsWith('slow/') || key.endsWith('.json')) return super.get(key);
    const stream = new Readable({ read: () => undefined });
    this.slow.push(stream);
    return { stream, size: WEIGHTS.length };
  }
}

describe('MapperCache', () => {
  let root: string;
  let store: SlowStore;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'housestyle-cache-'));
    store = new SlowStore(join(root, 'store'));
  });
  afterEach(() => rm(root, { recursive: true }));

  const open = (pullTimeoutMs: number) =>
    new MapperCache(store, new MapperFolders(join(root, 'cache'), 1e9, () => undefined), pullTimeoutMs);

  async function put(key: string): Promise<MapperReference> {
    const base = { name: 'demo', sha256: '0'.repeat(64) };
    const files = { 'config.json': sha256Of('{}'), 'model.safetensors': sha256Of(WEIGHTS) };
    const manifest = JSON.stringify({ files, base });
    await store.put(`${key}/config.json`, Buffer.from('{}'));
    await store.put(`${key}/manifest.json`, Buffer.from(manifest));
    await store.put(`${key}/model.safetensors`, Buffer.from(WEIGHTS));
    return { id: key, key, sha256: sha256Of(manifest) };
  }

  it('pulls once for all who ask, and then has it', async () => {
    const cache = open(5_000);
    const reference = await put('quick/v1');
    expect(await cache.find(reference)).toBeUndefined();
    const [first, second] = await Promise.all([cache.pull(reference), cache.pull(reference)]);
    expect(first).toBe(second);
    expect(await cache.find(reference)).toEqual(first);
    expect((await readdir(first.directory)).sort()).toEqual(['config.json', 'manifest.json', 'model.safetensors']);
  });

  it('gives up a pull whose bytes stop coming, as worth a retry, and leaves nothing of it', async () => {
    const cache = open(200);
    const reference = await put('slow/v1');
    await expect(cache.pull(reference)).rejects.toMatchObject({
      code: 'store_unavailable',
      disposition: 'retry',
      message: 'mapper slow/v1 at slow/v1: did not come within 200 ms',
    });
    await waitFor('the connection to be given up', () => store.slow[0]?.destroyed);
    await waitFor('its folder to go', async () => (await readdir(join(root, 'cache'))).length === 0);
    const again = cache.pull(reference);
    await waitFor('another connection', () => store.slow[1]);
    store.slow[1]!.push(WEIGHTS);
    store.slow[1]!.push(null);
    expect((await again).sha256).toBe(reference.sha256);
  });

  it('calls a store that forbids reading one that is away: no picture is to blame', async () => {
    const reference = await put('quick/v1');
    store.read = () => Promise.reject(new DomainError('forbidden', 'the key was rotated'));
    await expect(open(5_000).pull(reference)).rejects.toMatchObject({
      code: 'store_unavailable',
      disposition: 'retry',
      message: 'mapper quick/v1 at quick/v1: the key was rotated',
    });
  });

  it('lets a caller go at its deadline; the pull goes on for the next one', async () => {
    const cache = open(60_000);
    const reference = await put('slow/v1');
    await expect(cache.pull(reference, Date.now() + 100)).rejects.toMatchObject({ code: 'store_unavailable' });
    const next = cache.pull(reference);
    await waitFor('the connection', () => store.slow[0]);
    store.slow[0]!.push(WEIGHTS);
    store.slow[0]!.push(null);
    expect((await next).sha256).toBe(reference.sha256);
    expect(store.slow).toHaveLength(1);
  });
});
