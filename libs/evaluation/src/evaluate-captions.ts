import { bleu, type BleuScores } from './bleu.js';
import { requireReferences, type CaptionedPicture } from './captioned-picture.js';
import { ciderD, ciderPlain } from './cider.js';
import { DocumentFrequencies } from './document-frequencies.js';
import { tokeniseCaptions } from './ptb-tokeniser.js';
import { rougeL } from './rouge-l.js';

export interface CaptionScores {
  readonly bleu: BleuScores;
  readonly rougeL: number;
  /** What the COCO caption evaluation code and the literature call CIDEr, which is CIDEr-D. */
  readonly cider: number;
  readonly ciderD: number;
  /** CIDEr as first defined. */
  readonly ciderPlain: number;
}

export interface CaptionEvaluation {
  readonly corpus: CaptionScores;
  /** in the pictures' order. */
  readonly perImage: readonly CaptionScores[];
}

/**
 * Captions as people write them, tokenised for the metrics. As in the COCO code, all references are read as one text,
 * in order, and all hypotheses as another.
 */
export function tokenisePictures(pictures: readonly CaptionedPicture[]): CaptionedPicture[] {
  const hypotheses = tokeniseCaptions(pictures.map(({ hypothesis }) => hypothesis));
  const references = tokeniseCaptions(pictures.flatMap((picture) => picture.references));
  let next = 0;
  return pictures.map(({ references: { length } }, n) => ({
    hypothesis: hypotheses[n]!,
    references: references.slice(next, (next += length)),
  }));
}

/**
 * Every metric of the COCO caption evaluation code that needs no Java.
 * @param pictures tokenised
 * @param frequencies CIDEr's, from a larger corpus; the pictures' own references when left out
 * @throws RangeError for no pictures, or one without references
 */
export function evaluateCaptions(
  pictures: readonly CaptionedPicture[],
  frequencies?: DocumentFrequencies,
): CaptionEvaluation {
  requireReferences(pictures);
  const documents = frequencies ?? new DocumentFrequencies(pictures.map(({ references }) => references));
  const scores = {
    bleu: bleu(pictures),
    rougeL: rougeL(pictures),
    ciderD: ciderD(pictures, documents),
    ciderPlain: ciderPlain(pictures, documents),
  };
  return {
    corpus: {
      bleu: scores.bleu.corpus,
      rougeL: scores.rougeL.corpus,
      cider: scores.ciderD.corpus,
      ciderD: scores.ciderD.corpus,
      ciderPlain: scores.ciderPlain.corpus,
    },
    perImage: pictures.map((_, n) => ({
      bleu: scores.bleu.perImage[n]!,
      rougeL: scores.rougeL.perImage[n]!,
      cider: scores.ciderD.perImage[n]!,
      ciderD: scores.ciderD.perImage[n]!,
      ciderPlain: scores.ciderPlain.perImage[n]!,
    })),
  };
}
