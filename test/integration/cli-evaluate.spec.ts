import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { captionsOf, cocoJson, cocoPictures, karpathyJson, type DressedPicture } from '../support/dataset-layouts.js';

interface Scores {
  readonly image_id?: number | string;
  readonly bleu: number[];
  readonly rougeL: number;
  readonly cider: number;
  readonly ciderD: number;
  readonly ciderPlain: number;
  readonly meteor?: number;
}

const fromRoot = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const CAPTIONS = fromRoot('test/parity/goldens/images/captions.json');
const metrics = JSON.parse(await readFile(fromRoot('test/parity/goldens/evaluation/metrics.json'), 'utf8')) as {
  mlp: { corpus: Scores; perImage: { rougeL: number[]; ciderD: number[] } };
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'housestyle-evaluate-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('housestyle evaluate', () => {
  let results: string;
  let ids: number[];
  beforeAll(async () => {
    const { images } = JSON.parse(await readFile(CAPTIONS, 'utf8')) as { images: { id: number; file_name: string }[] };
    const generated = JSON.parse(
      await readFile(fromRoot('test/parity/goldens/images/generated.test.mlp.json'), 'utf8'),
    ) as { file: string; caption: string }[];
    const idOfFile = new Map(images.map(({ id, file_name }) => [file_name, id]));
    ids = generated.map(({ file }) => idOfFile.get(`test/${file}`)!);
    results = await save(
      'results.json',
      generated.map(({ caption }, n) => ({ image_id: ids[n], caption })),
    );
  });

  it('prints the COCO caption evaluation code’s figures, as JSON and per picture', async () => {
    const perImage = join(folder, 'scores.jsonl');
    const { exitCode, stdout } = await evaluate(
      '--references',
      CAPTIONS,
      '--hypotheses',
      results,
      '--json',
      '--per-image',
      perImage,
    );
    expect(exitCode).toBe(0);
    const { bleu, rougeL, cider, ciderD, ciderPlain } = JSON.parse(stdout) as Scores;
    const { corpus, perImage: expected } = metrics.mlp;
    bleu.forEach((score, order) => expect(score).toBeCloseTo(corpus.bleu[order]!, 6));
    expect(rougeL).toBeCloseTo(corpus.rougeL, 6);
    expect(cider).toBeCloseTo(corpus.ciderD, 6);
    expect(ciderD).toBe(cider);
    expect(ciderPlain).toBeCloseTo(corpus.ciderPlain, 6);

    const lines = (await readFile(perImage, 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Scores);
    expect(lines).toHaveLength(1000);
    for (const line of lines) {
      const n = ids.indexOf(line.image_id as number);
      expect(line.rougeL).toBeCloseTo(expected.rougeL[n]!, 6);
      expect(line.cider).toBeCloseTo(expected.ciderD[n]!, 6);
    }
  });

  it('prints a table for people', async () => {
    const { stdout, stderr } = await evaluate('--references', CAPTIONS, '--hypotheses', results);
    expect(stdout).toMatch(/^1000 pictures\nBLEU-1 +0\.9319\n[^]*\nBLEU-4 +0\.8137\n[^]*\nCIDEr +5\.3234 /);
    expect(stderr).toBe('');
  });

  it('scores part of the pictures, with the document frequencies of all', async () => {
    const some = await save('some.json', [{ image_id: ids[0], caption: 'A red dog on the beach at night.' }]);
    const alone = await evaluate('--references', CAPTIONS, '--hypotheses', some, '--json');
    expect(alone.stderr).toContain('scored 1 of 1000 pictures: 999 have no caption');
    expect((JSON.parse(alone.stdout) as Scores).cider).toBe(0);
    const fixed = await evaluate('--references', CAPTIONS, '--hypotheses', some, '--json', '--frequencies', CAPTIONS);
    expect((JSON.parse(fixed.stdout) as Scores).cider).toBeGreaterThan(0);
  });

  describe('reads other datasets’ files', () => {
    const pictures = cocoPictures(12);
    const domainOf = (n: number) => ['near-domain', 'in-domain', 'out-domain'][n % 3]!;
    const results = (of: readonly DressedPicture[], nameOf: (picture: DressedPicture, n: number) => number | string) =>
      of.map((picture, n) => ({
        image_id: nameOf(picture, n),
        caption: captionsOf(n === 0 ? 5 : pictures.indexOf(picture))[0],
      }));
    const scored = async (...args: string[]) => {
      const outcome = await evaluate('--json', ...args);
      expect(outcome.exitCode).toBe(0);
      return {
        ...outcome,
        scores: JSON.parse(outcome.stdout) as Scores & { domains?: Record<string, Scores & { pictures: number }> },
      };
    };

    it('nocaps, by domain as if each were a file of its own, and over all', async () => {
      const dressed = pictures.map((picture, n) => ({ ...picture, domain: domainOf(n) }));
      const file = await save('nocaps_val_4500_captions.json', cocoJson(dressed, 'nocaps validation dataset'), false);
      const made = results(pictures, ({ id }) => id);
      const hypotheses = await save('nocaps-results.json', made);
      const perImage = join(folder, 'nocaps.jsonl');
      const args = ['--references', file, '--hypotheses', hypotheses];
      const { scores } = await scored(...args, '--per-image', perImage);
      expect(Object.keys(scores.domains!)).toEqual(['in-domain', 'near-domain', 'out-domain']);
      expect(scores.domains!['in-domain']!.pictures).toBe(4);

      const isNear = (_: unknown, n: number) => domainOf(n) === 'near-domain';
      const alone = await scored(
        ...['--references', await save('near.json', cocoJson(pictures.filter(isNear)), false)],
        ...['--hypotheses', await save('near-results.json', made.filter(isNear))],
      );
      expect(scores.domains!['near-domain']).toEqual({ pictures: 4, ...alone.scores });
      // the wrong caption is near-domain's
      expect(scores.domains!['near-domain']!.rougeL).toBeLessThan(scores.domains!['in-domain']!.rougeL);
      expect(scores.rougeL).toBeGreaterThan(scores.domains!['near-domain']!.rougeL);
      const [line] = (await readFile(perImage, 'utf8')).split('\n');
      expect(JSON.parse(line!)).toMatchObject({ image_id: pictures[0]!.id, domain: 'near-domain' });
      const table = (await evaluate(...args)).stdout;
      expect(table).toMatch(
        /^12 pictures\n +in-domain +near-domain +out-domain +entire\npictures +4 +4 +4 +12\nBLEU-1/,
      );
    });

    it('Karpathy’s test split, unless another is asked for', async () => {
      const file = await save('dataset_coco.json', karpathyJson(pictures, 'coco'), false);
      const tested = pictures.filter(({ split }) => split === 'test');
      const byNumber = await save(
        'test-results.json',
        results(tested, ({ id }) => id),
      );
      const { scores, stderr } = await scored('--references', file, '--hypotheses', byNumber);
      expect(stderr).toBe('');
      const byFile = await save(
        'test-files.json',
        results(tested, (picture) => picture.file.split('/')[1]!),
      );
      expect((await scored('--references', file, '--hypotheses', byFile)).scores).toEqual(scores);
      const val = await evaluate('--references', file, '--hypotheses', byNumber, '--split', 'val');
      expect([val.exitCode, val.stderr]).toEqual([1, expect.stringContaining('3 of 3 pictures have no references')]);
      const none = await evaluate('--references', file, '--hypotheses', byNumber, '--split', 'tset');
      expect(none.stderr).toContain('no split tset; there are train, restval, val, test');
    });

    it('Conceptual Captions, by line or by URL', async () => {
      const urlOf = (n: number) => `https://example.org/${n}.jpg`;
      const lines = pictures.map(({ captions }, n) => `${captions[0]!.toLowerCase()}\t${urlOf(n)}\n`).join('');
      const file = await save('Validation_GCC-1.1.0-Validation.tsv', lines, false);
      const byLine = await save(
        'gcc-lines.json',
        results(pictures, (_, n) => n),
      );
      const byUrl = await save(
        'gcc-urls.json',
        results(pictures, (_, n) => urlOf(n)),
      );
      const { scores } = await scored('--references', file, '--hypotheses', byLine);
      expect(scores.bleu[0]).toBeGreaterThan(0.8);
      expect((await scored('--references', file, '--hypotheses', byUrl)).scores).toEqual(scores);
      const torn = await save('torn.tsv', `${lines}no URL here\n`, false);
      const { exitCode, stderr } = await evaluate('--references', torn, '--hypotheses', byLine);
      expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/torn\.tsv: line 13: no URL/)]);
    });
  });

  it('speaks the METEOR jar’s protocol', async () => {
    const jars = join(folder, 'jars');
    await mkdir(join(jars, 'meteor'), { recursive: true });
    await writeFile(join(jars, 'meteor', 'meteor-1.5.jar'), '');
    await standInForJava(METEOR_STAND_IN);
    const references = await save('two.json', {
      annotations: [
        { image_id: 'a', caption: 'A dog.' },
        { image_id: 'a', caption: 'One dog' },
        { image_id: 'b', caption: 'A cat' },
      ],
    });
    const hypotheses = await save('two-results.json', [
      { image_id: 'b', caption: 'It is a cat!' },
      { image_id: 'a', caption: 'Dog' },
    ]);
    const perImage = join(folder, 'meteor.jsonl');
    const args = [
      '--references',
      references,
      '--hypotheses',
      hypotheses,
      '--jars',
      jars,
      '--per-image',
      perImage,
      '--json',
    ];
    const { stdout, stderr } = await evaluateWithPath(`${folder}${delimiter}${process.env.PATH}`, ...args);
    expect(stderr).toBe('');
    // the stand-in scores the words of the caption, after all references: a, then b, as the references have them
    expect((JSON.parse(stdout) as Scores).meteor).toBe(2.5);
    const lines = (await readFile(perImage, 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Scores);
    expect(lines.map(({ image_id, meteor }) => [image_id, meteor])).toEqual([
      ['a', 1],
      ['b', 4],
    ]);

    await standInForJava('#!/bin/sh\necho out of memory >&2\nexit 3\n');
    const failing = await evaluateWithPath(folder + delimiter + process.env.PATH, ...args);
    expect([failing.exitCode, failing.stdout]).toEqual([1, '']);
    expect(failing.stderr).toContain('meteor-1.5.jar failed (3): out of memory');
    await rm(join(folder, 'java'));
    const without = await evaluateWithPath(folder, ...args);
    expect([without.exitCode, without.stdout]).toEqual([1, '']);
    expect(without.stderr).toContain('java is not on the PATH; install Java');
  });

  it('says what to do about wrong files', async () => {
    const good = await save('good.json', { annotations: [{ image_id: 1, caption: 'A dog' }] });
    const cases: [references: string, hypotheses: string, message: string][] = [
      [join(folder, 'nowhere.json'), results, 'not_found: '],
      [await save('text.json', 'text', false), results, 'not JSON'],
      [results, results, 'expected COCO captions: {"images": […], "annotations": '],
      [good, good, 'expected COCO results: [{"image_id", "caption"}, …]'],
      [good, await save('none.json', []), 'no captions in it'],
      [good, await save('bare.json', [{ image_id: 1 }]), 'results[0] is not {"image_id", "caption"}'],
      [
        good,
        await save('twice.json', [
          { image_id: 1, caption: 'a' },
          { image_id: 1, caption: 'b' },
        ]),
        'two captions; keep one',
      ],
      [
        good,
        await save('strange.json', [{ image_id: 2, caption: 'a' }]),
        '1 of 1 pictures have no references (image_id 2)',
      ],
    ];
    for (const [references, hypotheses, message] of cases) {
      const { exitCode, stdout, stderr } = await evaluate('--references', references, '--hypotheses', hypotheses);
      expect([exitCode, stdout]).toEqual([1, '']);
      expect(stderr).toContain(message);
    }
    const jars = await evaluate('--references', good, '--hypotheses', good, '--jars', folder + '/none');
    expect(jars.stderr).toContain('holds neither meteor-1.5.jar nor spice-1.0.jar');
    expect((await evaluate('--references', good)).exitCode).toBe(2);
  });

  it('teaches by examples', async () => {
    expect((await evaluate('--help')).stdout).toMatch(/Examples:\n[^]*\$ housestyle evaluate /);
  });
});

/** Answers SCORE lines with the hypothesis's number of words, EVAL lines with each of those and their mean. */
const METEOR_STAND_IN = `#!${process.execPath}
const expected = '-Xmx2G -jar meteor-1.5.jar - - -stdio -l en -norm';
if (process.argv.slice(2).join(' ') !== expected) throw new Error(process.argv.join(' '));
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const [command, ...parts] = line.split(' ||| ');
  if (command === 'SCORE') console.log(parts.at(-1).split(' ').length);
  else if (command === 'EVAL') console.log([...parts, parts.reduce((sum, part) => sum + Number(part), 0) / parts.length].join('\\n'));
  else throw new Error(line);
});
`;

async function standInForJava(script: string): Promise<void> {
  await writeFile(join(folder, 'java'), script);
  await chmod(join(folder, 'java'), 0o755);
}

async function save(name: string, content: unknown, asJson = true): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, asJson ? JSON.stringify(content) : String(content));
  return path;
}

const evaluate = (...args: string[]) => evaluateWithPath(process.env.PATH ?? '', ...args);

/** Runs the program as a user does. */
async function evaluateWithPath(path: string, ...args: string[]) {
  const child = spawn(process.execPath, [fromRoot('apps/cli/bin/housestyle.js'), 'evaluate', ...args], {
    env: { ...process.env, PATH: path },
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
  const exitCode = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { exitCode, stdout, stderr };
}
