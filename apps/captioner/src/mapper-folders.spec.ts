import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { waitFor } from '../../../test/support/wait-for.js';
import { MapperFolders } from './mapper-folders.js';

const sha256 = (digit: number): string => `${digit}`.repeat(64);
const [A, B, C] = [sha256(1), sha256(2), sha256(3)];

describe('MapperFolders', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'housestyle-folders-'));
  });
  afterEach(() => rm(root, { recursive: true }));

  const open = (maxBytes: number) =>
    new MapperFolders(root, maxBytes, (error) => {
      throw error;
    });
  const names = async () => (await readdir(root)).sort();

  /** 100 bytes in two files, last used `ageMs` ago. */
  async function put(folders: MapperFolders, name: string, ageMs = 0): Promise<void> {
    await folders.fill(name, async (unfinished) => {
      await writeFile(join(unfinished, 'a'), new Uint8Array(60));
      await mkdir(join(unfinished, 'deeper'));
      await writeFile(join(unfinished, 'deeper', 'b'), new Uint8Array(40));
    });
    const then = new Date(Date.now() - ageMs);
    await utimes(join(root, name), then, then);
    await folders.trim();
  }

  it('removes the longest unused beyond the limit, and asking for one counts as use', async () => {
    const folders = open(250);
    await put(folders, A, 30_000);
    await put(folders, B, 20_000);
    expect(await folders.isThere(A)).toBe(true);
    await put(folders, C, 10_000);
    expect(await names()).toEqual([A, C]);
    expect(await folders.isThere(B)).toBe(false);
  });

  it('never removes one that is held, and does when it no longer is', async () => {
    const folders = open(150);
    const [release, releaseAgain] = [folders.hold([A]), folders.hold([A, B])];
    await put(folders, A, 30_000);
    await put(folders, B, 20_000);
    await put(folders, C, 10_000);
    expect(await names()).toEqual([A, B, C]);
    release();
    await folders.trim();
    expect(await names()).toEqual([A, B, C]);
    releaseAgain();
    await waitFor('the two to go', async () => (await names()).length === 1);
    expect(await names()).toEqual([C]);
  });

  it('keeps the newest, however large', async () => {
    const folders = open(10);
    await put(folders, A, 30_000);
    await put(folders, B);
    expect(await names()).toEqual([B]);
  });

  it('sweeps what a killed pull has left, not what another process is pulling, and nobody else’s files', async () => {
    const [left, running] = [`${A}.left.part`, `${B}.running.part`];
    for (const name of [left, running, 'README']) await mkdir(join(root, name));
    await writeFile(join(root, left, 'model.safetensors'), 'half');
    const anHourAgo = new Date(Date.now() - 3_600_000);
    for (const name of [join(left, 'model.safetensors'), left, running]) {
      await utimes(join(root, name), anHourAgo, anHourAgo);
    }
    await writeFile(join(root, running, 'model.safetensors'), 'more to come');
    await open(1).trim();
    expect(await names()).toEqual([running, 'README'].sort());
  });

  it('leaves nothing behind of one that cannot be filled', async () => {
    const folders = open(1_000);
    const filling = folders.fill(A, () => Promise.reject(new Error('no more bytes')));
    await expect(filling).rejects.toThrow('no more bytes');
    expect(await names()).toEqual([]);
  });
});
