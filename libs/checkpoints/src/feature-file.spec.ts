import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readBaseReplay } from './base-replay.js';
import { readFeatures, writeFeatures, type Features } from './feature-file.js';

const FEATURES: Features = {
  clipSha256: 'c11b'.repeat(16),
  embeddings: [Float32Array.of(1, 2, 3), Float32Array.of(4, 5, 6)],
  captions: [
    { caption: 'A boat.', row: 0, file: 'a.png' },
    { caption: 'A "red" boat – 船.', row: 0, file: 'a.png' },
    { caption: 'A tree.', row: 1 },
  ],
};
let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'housestyle-features-'));
  file = path.join(folder, 'replay.safetensors');
});
afterEach(() => rm(folder, { recursive: true }));

const writeLines = (...lines: object[]) =>
  writeFile(path.join(folder, 'replay.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));

describe('a file of features', () => {
  it('gives back what was written, several captions of a picture too', async () => {
    await writeFeatures(file, FEATURES);
    expect(await readFeatures(file)).toEqual(FEATURES);
    expect((await readdir(folder)).sort()).toEqual(['replay.jsonl', 'replay.safetensors']);
  });

  it('is what a base ships to be replayed; a line without a row is of its own', async () => {
    expect(await readBaseReplay(folder)).toEqual([]);
    await writeFeatures(file, FEATURES);
    expect((await readBaseReplay(folder)).map(({ embedding }) => embedding[0])).toEqual([1, 1, 4]);
    await writeLines({ caption: 'First.' }, { caption: 'Second.' });
    expect(await readBaseReplay(folder)).toEqual([
      { caption: 'First.', embedding: FEATURES.embeddings[0] },
      { caption: 'Second.', embedding: FEATURES.embeddings[1] },
    ]);
  });

  it.each([
    [{ caption: 'Of nothing.', row: 2 }, /replay\.jsonl: line 2 is of embedding 2, and there are 2/],
    [{ caption: 'Of nothing.', row: -1 }, /line 2 is of embedding -1/],
    [{ row: 1 }, /replay\.jsonl: line 2: caption must be a string/],
  ])('refuses %j', async (line, message) => {
    await writeFeatures(file, FEATURES);
    await writeLines({ caption: 'First.', row: 0 }, line);
    await expect(readFeatures(file)).rejects.toMatchObject({
      code: 'invalid_model',
      message: expect.stringMatching(message) as string,
    });
  });

  it('refuses embeddings cut short, and captions that are not there', async () => {
    await writeFeatures(file, FEATURES);
    await truncate(file, (await readFile(file)).length - 4);
    await expect(readFeatures(file)).rejects.toMatchObject({ code: 'corrupt_checkpoint' });
    await writeFeatures(file, FEATURES);
    await rm(path.join(folder, 'replay.jsonl'));
    await expect(readFeatures(file)).rejects.toMatchObject({ code: 'invalid_model' });
  });
});
