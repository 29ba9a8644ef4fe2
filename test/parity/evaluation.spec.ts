import { readFileSync } from 'node:fs';
import path from 'node:path';
import {
  bleu,
  ciderD,
  ciderPlain,
  DocumentFrequencies,
  ptbTokenise,
  rougeL,
  tokenisePictures,
  type CaptionedPicture,
  type Score,
} from '@housestyle/evaluation';
import { describe, expect, it } from 'vitest';
import { maxError, recordParity } from './record-parity.js';
import { GOLDENS_FOLDER } from './reference.js';
import { generatedCaptions, referenceCaptions } from './test-pictures.js';

const FOLDER = path.join(GOLDENS_FOLDER, 'evaluation');
/** Goldens are rounded to nine digits. */
const BOUND = 1e-8;

/** Made by make-metric-goldens.py; BLEU-1 to BLEU-4 one after another. */
interface MetricGoldens {
  readonly corpus: {
    readonly bleu: number[];
    readonly rougeL: number;
    readonly ciderD: number;
    readonly ciderPlain: number;
  };
  readonly perImage: {
    readonly bleu: number[][];
    readonly rougeL: number[];
    readonly ciderD: number[];
    readonly ciderPlain: number[];
  };
  readonly firstFewWithFrequenciesOfAll: {
    readonly count: number;
    readonly ciderD: number;
    readonly ciderPlain: number;
  };
}

const goldens = JSON.parse(readFileSync(path.join(FOLDER, 'metrics.json'), 'utf8')) as Record<string, MetricGoldens>;

describe('PTB tokens', () => {
  it.each([
    ['composed', 3000],
    ['extracted', 1200],
    ['held-out', 652],
  ])('are CoreNLP 3.4.1’s on the %s captions', (name, count) => {
    const captions = linesOf(`captions.${name}.txt`);
    expect(new Set(captions).size).toBe(count);
    const expected = linesOf(`captions.${name}.tokens.txt`);
    const found = ptbTokenise(captions).map((tokens) => tokens.join(' '));
    expect(found).toEqual(expected);
    const differing = found.filter((tokens, n) => tokens !== expected[n]).length;
    recordParity(`${count} ${name} captions whose tokens differ`, differing, 0);
  });
});

describe.each([
  ['mlp', demoPictures('mlp')],
  ['transformer', demoPictures('transformer')],
  ['composed', composedPictures()],
])('metrics of the %s captions', (name, captions) => {
  const pictures = tokenisePictures(captions);
  const { corpus, perImage, firstFewWithFrequenciesOfAll: few } = goldens[name]!;

  it('are the COCO caption evaluation code’s BLEU', () => {
    const scores = bleu(pictures);
    recordParity(`${name}: BLEU of the corpus`, maxError(scores.corpus, corpus.bleu), BOUND);
    const worst = corpus.bleu.map((_, order) =>
      maxError(
        scores.perImage.map((of) => of[order]!),
        perImage.bleu[order]!,
      ),
    );
    recordParity(`${name}: BLEU of ${pictures.length} pictures`, Math.max(...worst), BOUND);
  });

  it.each([
    ['ROUGE-L', 'rougeL', rougeL],
    ['CIDEr-D', 'ciderD', ciderD],
    ['CIDEr without the D', 'ciderPlain', ciderPlain],
  ] as const)('are the COCO caption evaluation code’s %s', (title, key, metric) => {
    const scores: Score<number> = metric(pictures);
    recordParity(`${name}: ${title} of the corpus`, Math.abs(scores.corpus - corpus[key]), BOUND);
    recordParity(`${name}: ${title} of ${pictures.length} pictures`, maxError(scores.perImage, perImage[key]), BOUND);
  });

  it('are its CIDEr on a few pictures with the document frequencies of all', () => {
    const frequencies = new DocumentFrequencies(pictures.map(({ references }) => references));
    const first = pictures.slice(0, few.count);
    const errors = [
      ciderD(first, frequencies).corpus - few.ciderD,
      ciderPlain(first, frequencies).corpus - few.ciderPlain,
    ].map(Math.abs);
    recordParity(`${name}: CIDEr and CIDEr-D of ${few.count} by all’s frequencies`, Math.max(...errors), BOUND);
  });
});

function demoPictures(mapper: 'mlp' | 'transformer'): CaptionedPicture[] {
  const references = referenceCaptions();
  return generatedCaptions(mapper).map(({ file, caption }) => ({
    hypothesis: caption,
    references: references.get(file)!,
  }));
}

/** As make-metric-goldens.py takes them: six lines a picture, 1 to 5 references, an empty caption, a perfect one. */
function composedPictures(): CaptionedPicture[] {
  const lines = linesOf('captions.composed.txt');
  return Array.from({ length: lines.length / 6 }, (_, n) => {
    const [caption, ...others] = lines.slice(6 * n, 6 * n + 6);
    const references = others.slice(0, 1 + (n % 5));
    const hypothesis = n === 0 ? '.' : n === 1 ? references.at(-1)! : caption!;
    return { hypothesis, references };
  });
}

function linesOf(file: string): string[] {
  return readFileSync(path.join(FOLDER, file), 'utf8').slice(0, -1).split('\n');
}
