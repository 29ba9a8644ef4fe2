import { mean, requireReferences, type CaptionedPicture, type Score } from './captioned-picture.js';
import { DocumentFrequencies } from './document-frequencies.js';
import { MAX_ORDER } from './ngram-index.js';

/**
 * CIDEr-D (Vedantam et al. 2015, without stemming), which the COCO caption evaluation code reports as “CIDEr”: ten times
 * the mean, over n = 1 … 4 and the references, of the cosine between the n-grams' tf-idf vectors, each weight of the
 * caption clipped to the reference's, damped by a Gaussian (σ 6) of the difference in length.
 */
export const ciderD = (pictures: readonly CaptionedPicture[], frequencies?: DocumentFrequencies): Score<number> =>
  score(pictures, clippedCosine, frequencies);

/** CIDEr as first defined: the same without clipping and damping. Longer captions that repeat themselves gain by it. */
export const ciderPlain = (pictures: readonly CaptionedPicture[], frequencies?: DocumentFrequencies): Score<number> =>
  score(pictures, cosine, frequencies);

const SIGMA = 6;
const SCALE = 10;

/** One caption's n-grams of one order. */
interface WeightedNgrams {
  readonly weights: ReadonlyMap<number, number>;
  readonly norm: number;
  /** of the caption: in pairs of words, as the original counts it. */
  readonly length: number;
}

type Similarity = (caption: WeightedNgrams, reference: WeightedNgrams) => number;

function score(
  pictures: readonly CaptionedPicture[],
  similarity: Similarity,
  frequencies?: DocumentFrequencies,
): Score<number> {
  requireReferences(pictures);
  const documents = frequencies ?? new DocumentFrequencies(pictures.map(({ references }) => references));
  const perImage = pictures.map(({ hypothesis, references }) => {
    const caption = weighted(hypothesis, documents);
    let total = 0;
    for (const reference of references) {
      weighted(reference, documents).forEach((other, order) => (total += similarity(caption[order]!, other)));
    }
    return (SCALE * total) / (MAX_ORDER * references.length);
  });
  return { corpus: mean(perImage), perImage };
}

/** By order minus one. */
function weighted(caption: string, frequencies: DocumentFrequencies): WeightedNgrams[] {
  const counts = frequencies.count(caption);
  const length = [...counts[1]!.values()].reduce((total, count) => total + count, 0);
  return counts.map((grams) => {
    const weights = new Map<number, number>();
    let squares = 0;
    for (const [gram, count] of grams) {
      const weight = count * frequencies.weight(gram);
      weights.set(gram, weight);
      squares += weight ** 2;
    }
    return { weights, norm: Math.sqrt(squares), length };
  });
}

const cosine: Similarity = (caption, reference) => normalised(caption, reference, (mine, theirs) => mine * theirs);

const clippedCosine: Similarity = (caption, reference) => {
  const damping = Math.exp(-((caption.length - reference.length) ** 2) / (2 * SIGMA ** 2));
  return damping * normalised(caption, reference, (mine, theirs) => Math.min(mine, theirs) * theirs);
};

function normalised(
  caption: WeightedNgrams,
  reference: WeightedNgrams,
  product: (mine: number, theirs: number) => number,
): number {
  if (caption.norm === 0 || reference.norm === 0) return 0;
  let dot = 0;
  for (const [gram, mine] of caption.weights) {
    const theirs = reference.weights.get(gram);
    if (theirs !== undefined) dot += product(mine, theirs);
  }
  return dot / (caption.norm * reference.norm);
}
