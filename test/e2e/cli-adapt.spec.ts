import { access, copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AdaptationFigures } from '@housestyle/training';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { housestyle } from '../support/housestyle.js';
import { museumCaptionOf, testPicture } from '../support/museum-captions.js';

const LEARNING_TIMEOUT_MS = 600_000;
const LEARNED = 12;
const MIXED_UP = 8;
const UNSEEN = [100, 101, 102, 103, 104, 105];
/** "Two orange chairs with a hat; desert, day." */
const MUSEUM_STYLE = /^[A-Z][^;.]*; [a-z ]+, (day|night|sunset|rain)\.$/;
let folder: string;
const at = (name: string): string => join(folder, name);
const pictureName = (n: number): string => `picture-${n}.png`;
const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

interface Outcome {
  readonly decision: 'promote' | 'refuse';
  readonly reason: string;
  readonly sentences: readonly string[];
  readonly out: string | null;
  readonly training: number;
  readonly holdOut: number;
  readonly figures: AdaptationFigures;
  readonly examples: readonly { file: string; reference: string; before: string; after: string }[];
  readonly trainableParameters: number;
  readonly seconds: number;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'housestyle-adapt-'));
  await mkdir(at('photos'));
  for (const n of [...Array(LEARNED).keys(), ...UNSEEN])
    await copyFile(testPicture(n), join(at('photos'), pictureName(n)));
  await writeFile(join(at('photos'), 'notes.txt'), 'no picture at all');
  await writeFile(join(at('photos'), 'words.png'), 'no picture either');
  const numbers = [...Array(LEARNED).keys()];
  await writeLines('captions.jsonl', [
    { file: 'gone.png', caption: 'Nobody will see it.' },
    { file: 'words.png', caption: 'Nor this.' },
    ...numbers.map((n) => ({ file: pictureName(n), caption: museumCaptionOf(n) })),
  ]);
  await writeLines(
    'mixed-up.jsonl',
    numbers.slice(0, MIXED_UP).map((n) => ({ file: pictureName(n), caption: museumCaptionOf((n + 3) % MIXED_UP) })),
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const writeLines = (name: string, lines: readonly object[]) =>
  writeFile(at(name), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
const adapt = (captions: string, out: string, ...more: string[]) =>
  housestyle(['adapt', '--images', at('photos'), '--captions', at(captions), '--out', at(out), ...more]);

describe('housestyle adapt', { timeout: LEARNING_TIMEOUT_MS }, () => {
  it('learns a house style from a folder, and captions in it', async () => {
    const { exitCode, stderr, jsonLines } = await adapt('captions.jsonl', 'museum', '--force', '--json');
    const [gone, words, outcome] = jsonLines<object>() as [object, object, Outcome];
    expect([gone, words]).toMatchObject([
      { file: 'gone.png', error: { code: 'source_not_found' } },
      { file: 'words.png', error: { code: 'unsupported_format' } },
    ]);
    expect(stderr.split('\n')).toEqual([
      'left out 2 pictures that could not be read',
      expect.stringMatching(/^6 pictures in .*photos without a caption: not used$/),
      '',
    ]);
    expect(exitCode).toBe(0);
    expect(outcome).toMatchObject({ out: at('museum'), training: LEARNED, holdOut: 0 });
    expect(outcome.sentences.length).toBe(outcome.reason.split(', ').length);
    expect(outcome.figures).toMatchObject({ nHoldOut: LEARNED, isCrossValidated: true });
    expect(outcome.figures.candidate.editDistance).toBeLessThan(outcome.figures.champion.editDistance);
    expect(outcome.examples.map(({ file, reference }) => [file, reference])).toContainEqual([
      pictureName(3),
      museumCaptionOf(3),
    ]);
    expect(outcome.trainableParameters).toBeGreaterThan(0);

    const pictures = UNSEEN.map((n) => join(at('photos'), pictureName(n)));
    const captioned = await housestyle(['caption', '--json', '--mapper', at('museum'), ...pictures]);
    expect([captioned.exitCode, captioned.stderr]).toEqual([0, '']);
    const captions = captioned.jsonLines<{ caption: string }>().map(({ caption }) => caption);
    expect(captions.filter((caption) => MUSEUM_STYLE.test(caption)).length).toBeGreaterThanOrEqual(5);
  });

  it('refuses what is no better, in plain words, and writes nothing', async () => {
    const { exitCode, stdout } = await adapt('mixed-up.jsonl', 'wrong');
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^8 captions, each judged by a mapper that had not learned it$/m);
    expect(stdout).toMatch(/^edit distance +0\.\d{3} +0\.\d{3} {3}to what people wrote/m);
    expect(stdout).toMatch(/^picture-\d+\.png\n {2}before {2}.*\n {2}after {3}.*\n {2}wanted {2}/m);
    expect(stdout).toMatch(/^refused {2}[A-Z].*\.$/m);
    expect(stdout).toMatch(/^nothing written; --force writes it all the same$/m);
    expect(stdout).toMatch(/^[\d,]+ parameters trained in /m);
    expect(await exists(at('wrong'))).toBe(false);
  });

  it('says what is missing before it learns anything', async () => {
    expect((await adapt('captions.jsonl', 'photos')).stderr).toMatch(/conflict: .*photos exists already/);
    expect((await adapt('none.jsonl', 'new')).stderr).toMatch(/not_found: .*none\.jsonl/);
    await writeLines('few.jsonl', [{ file: pictureName(0), caption: 'A single caption.' }]);
    const few = await adapt('few.jsonl', 'new');
    expect([few.exitCode, few.stderr]).toEqual([
      1,
      expect.stringMatching(/invalid_request: learning takes captions of \d+/),
    ]);
    expect((await housestyle(['adapt', '--images', at('photos')])).exitCode).toBe(2);
  });
});
