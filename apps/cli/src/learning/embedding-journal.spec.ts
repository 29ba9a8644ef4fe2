import { appendFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EmbeddingJournal } from './embedding-journal.js';

const MADE = { clipSha256: 'c11b'.repeat(16), width: 3 };
let folder: string;
const at = (name: string): string => join(folder, name);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'housestyle-journal-'));
  for (const name of ['a', 'b']) await writeFile(at(name), name);
  const journal = await EmbeddingJournal.open(at('out'), MADE);
  await journal.add([{ file: 'a', path: at('a'), embedding: Float32Array.of(1, 2, 3) }]);
  await journal.add([{ file: 'b', path: at('b'), embedding: Float32Array.of(4, 5, 6) }]);
  await journal.close();
});
afterEach(() => rm(folder, { recursive: true }));

async function found(made = MADE) {
  const journal = await EmbeddingJournal.open(at('out'), made);
  const rows = [await journal.find('a', at('a')), await journal.find('b', at('b'))];
  await journal.close();
  return rows.map((row) => row && [...row]);
}

describe('the journal of an interrupted run', () => {
  it('has every row that was added', async () => {
    expect(await found()).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
  });

  it('goes on where a kill cut it off', async () => {
    await appendFile(at('out.rows'), Buffer.from([1, 2, 3, 4, 5]));
    await appendFile(at('out.journal'), '["c",1');
    const journal = await EmbeddingJournal.open(at('out'), MADE);
    await writeFile(at('c'), 'c');
    await journal.add([{ file: 'c', path: at('c'), embedding: Float32Array.of(7, 8, 9) }]);
    await journal.close();
    const again = await EmbeddingJournal.open(at('out'), MADE);
    expect(await again.find('c', at('c'))).toEqual(Float32Array.of(7, 8, 9));
    expect(await again.find('b', at('b'))).toEqual(Float32Array.of(4, 5, 6));
    await again.discard();
    expect((await readdir(folder)).sort()).toEqual(['a', 'b', 'c']);
  });

  it('does not know a picture that has changed since', async () => {
    await writeFile(at('a'), 'another picture');
    expect(await found()).toEqual([undefined, [4, 5, 6]]);
  });

  it('keeps nothing of another CLIP', async () => {
    expect(await found({ ...MADE, clipSha256: 'a'.repeat(64) })).toEqual([undefined, undefined]);
  });
});
