import { appendFile, mkdtemp, readdir, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DomainError } from '@housestyle/domain';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EmbeddingJournal } from './embedding-journal.js';

const MADE = { clipSha256: 'c11b'.repeat(16), width: 3 };
const GONE = new DomainError('source_not_found', 'The server answered 404');
const REASON = { code: GONE.code, message: GONE.message };
let folder: string;
const at = (name: string): string => join(folder, name);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'housestyle-journal-'));
  const journal = await EmbeddingJournal.open(at('out'), MADE);
  await journal.add([
    { name: 'a', stamp: '1', embedding: Float32Array.of(1, 2, 3) },
    { name: 'gone', stamp: '', error: GONE },
  ]);
  await journal.add([{ name: 'b', stamp: '2', embedding: Float32Array.of(4, 5, 6) }]);
  await journal.close();
});
afterEach(() => rm(folder, { recursive: true }));

/** What a run that starts now finds. */
async function found(made = MADE) {
  const journal = await EmbeddingJournal.open(at('out'), made);
  const entries = ['a', 'gone', 'b', 'c'].map((name) => journal.find(name));
  await journal.close();
  return entries;
}

const valuesOf = (journal: EmbeddingJournal, ...order: number[]): number[] => {
  const bytes = Buffer.concat([...journal.readRows(order)].map((piece) => Buffer.from(piece)));
  return Array.from({ length: bytes.length / 4 }, (_, n) => bytes.readFloatLE(n * 4));
};

describe('the journal of an interrupted run', () => {
  it('has every picture that was added, and why others were not', async () => {
    const entries = await found();
    expect(entries).toEqual([{ stamp: '1', row: 0 }, { stamp: '', error: REASON }, { stamp: '2', row: 1 }, undefined]);
  });

  it('goes on where a kill cut it off, and gives rows in any order', async () => {
    await appendFile(at('out.rows'), Buffer.from([1, 2, 3, 4, 5]));
    await appendFile(at('out.journal'), '["c","3"');
    const journal = await EmbeddingJournal.open(at('out'), MADE);
    expect(journal.find('c')).toBeUndefined();
    await journal.add([{ name: 'c', stamp: '3', embedding: Float32Array.of(7, 8, 9) }]);
    await journal.close();
    const again = await EmbeddingJournal.open(at('out'), MADE);
    expect(again.find('c')).toEqual({ stamp: '3', row: 2 });
    expect(valuesOf(again, 2, 0, 1)).toEqual([7, 8, 9, 1, 2, 3, 4, 5, 6]);
    await again.discard();
    expect(await readdir(folder)).toEqual([]);
  });

  it('drops entries whose rows did not reach the disk', async () => {
    await truncate(at('out.rows'), 3 * 4 + 1);
    expect((await found()).map((entry) => entry !== undefined)).toEqual([true, true, false, false]);
    expect((await readFile(at('out.journal'), 'utf8')).trim().split('\n')).toHaveLength(3);
  });

  it('knows what was said last of a picture', async () => {
    const journal = await EmbeddingJournal.open(at('out'), MADE);
    await journal.add([
      { name: 'gone', stamp: '', embedding: Float32Array.of(7, 8, 9) },
      { name: 'a', stamp: '9', error: GONE },
    ]);
    await journal.close();
    expect(await found()).toEqual([
      { stamp: '9', error: REASON },
      { stamp: '', row: 2 },
      { stamp: '2', row: 1 },
      undefined,
    ]);
  });

  it('keeps nothing of another CLIP', async () => {
    expect(await found({ ...MADE, clipSha256: 'a'.repeat(64) })).toEqual([undefined, undefined, undefined, undefined]);
  });
});
