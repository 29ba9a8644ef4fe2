import { mean, requireReferences, type CaptionedPicture, type Score } from './captioned-picture.js';

const BETA = 1.2;

/**
 * ROUGE-L as the COCO caption evaluation code counts it: the F-measure (β 1.2) of the best precision and the best recall
 * over the references, each by the longest common subsequence of tokens; the corpus's score is the pictures' mean.
 */
export function rougeL(pictures: readonly CaptionedPicture[]): Score<number> {
  requireReferences(pictures);
  const perImage = pictures.map(rougeLOfPicture);
  return { corpus: mean(perImage), perImage };
}

function rougeLOfPicture({ hypothesis, references }: CaptionedPicture): number {
  // as in the original, an empty caption is one empty token
  const tokens = hypothesis.split(' ');
  let [precision, recall] = [0, 0];
  for (const reference of references) {
    const others = reference.split(' ');
    const common = longestCommonSubsequence(tokens, others);
    precision = Math.max(precision, common / tokens.length);
    recall = Math.max(recall, common / others.length);
  }
  if (precision === 0 || recall === 0) return 0;
  return ((1 + BETA ** 2) * precision * recall) / (recall + BETA ** 2 * precision);
}

/** Its length. */
function longestCommonSubsequence(a: readonly string[], b: readonly string[]): number {
  let previous = new Uint32Array(b.length + 1);
  let current = new Uint32Array(b.length + 1);
  for (const token of a) {
    for (let j = 1; j <= b.length; j++) {
      current[j] = token === b[j - 1] ? previous[j - 1]! + 1 : Math.max(previous[j]!, current[j - 1]!);
    }
    [previous, current] = [current, previous];
  }
  return previous[b.length]!;
}
