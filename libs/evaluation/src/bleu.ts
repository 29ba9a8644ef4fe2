import { requireReferences, wordsOf, type CaptionedPicture, type Score } from './captioned-picture.js';
import { MAX_ORDER, NgramIndex, type NgramCounts } from './ngram-index.js';

/** BLEU-1 to BLEU-4. */
export type BleuScores = readonly number[];

/**
 * BLEU as the COCO caption evaluation code counts it: n-grams clipped to the most any one reference has, the reference
 * length the closest to the caption's (the shorter of two equally close), and tiny constants in place of smoothing.
 */
export function bleu(pictures: readonly CaptionedPicture[]): Score<BleuScores> {
  requireReferences(pictures);
  const index = new NgramIndex();
  const tallies = pictures.map((picture) => tally(picture, index));
  return { corpus: scores(tallies.reduce(sum)), perImage: tallies.map(scores) };
}

interface Tally {
  /** by order: n-grams of the caption that a reference has, and all of them. */
  readonly matched: readonly number[];
  readonly total: readonly number[];
  readonly captionLength: number;
  readonly referenceLength: number;
}

function tally({ hypothesis, references }: CaptionedPicture, index: NgramIndex): Tally {
  const words = wordsOf(hypothesis);
  const others = references.map(wordsOf);
  const counts = index.count(words);
  const otherCounts = others.map((other) => index.count(other));
  return {
    matched: counts.map((_, order) => countMatched(counts, otherCounts, order)),
    total: counts.map((_, order) => Math.max(0, words.length - order)),
    captionLength: words.length,
    referenceLength: closest(
      others.map(({ length }) => length),
      words.length,
    ),
  };
}

function countMatched(counts: NgramCounts, others: readonly NgramCounts[], order: number): number {
  let matched = 0;
  for (const [gram, count] of counts[order]!) {
    let most = 0;
    for (const other of others) most = Math.max(most, other[order]!.get(gram) ?? 0);
    matched += Math.min(count, most);
  }
  return matched;
}

const sum = (a: Tally, b: Tally): Tally => ({
  matched: a.matched.map((count, order) => count + b.matched[order]!),
  total: a.total.map((count, order) => count + b.total[order]!),
  captionLength: a.captionLength + b.captionLength,
  referenceLength: a.referenceLength + b.referenceLength,
});

function scores({ matched, total, captionLength, referenceLength }: Tally): BleuScores {
  const ratio = (captionLength + TINY) / (referenceLength + SMALL);
  const brevityPenalty = ratio < 1 ? Math.exp(1 - 1 / ratio) : 1;
  let product = 1;
  return Array.from({ length: MAX_ORDER }, (_, order) => {
    product *= (matched[order]! + TINY) / (total[order]! + SMALL);
    return brevityPenalty * product ** (1 / (order + 1));
  });
}

const closest = (lengths: readonly number[], length: number): number =>
  lengths.reduce((best, other) => {
    const nearer = Math.abs(other - length) - Math.abs(best - length);
    return nearer < 0 || (nearer === 0 && other < best) ? other : best;
  });

// the original's, so that equal inputs give equal figures even where nothing matches
const TINY = 1e-15;
const SMALL = 1e-9;
