import type { AdaptationExample } from './adaptation.js';
import { Random } from './random.js';

/** Splits captions into `count` parts of about as many pictures each; captions of one picture stay together. */
export function foldsOf(
  examples: readonly AdaptationExample[],
  count: number,
  seed: number,
): readonly (readonly AdaptationExample[])[] {
  const pictures = Random.of(seed, FOLDS).shuffled([...new Set(examples.map(({ imageKey }) => imageKey))]);
  const foldOf = new Map(pictures.map((picture, n) => [picture, n % count]));
  return Array.from({ length: count }, (_, fold) => examples.filter(({ imageKey }) => foldOf.get(imageKey) === fold));
}

/** Takes about `wanted` captions out, picture by picture. */
export function splitOff(
  examples: readonly AdaptationExample[],
  wanted: number,
  seed: number,
): { readonly kept: readonly AdaptationExample[]; readonly taken: readonly AdaptationExample[] } {
  const pictures = Random.of(seed, SPLIT).shuffled([...new Set(examples.map(({ imageKey }) => imageKey))]);
  const chosen = new Set<string>();
  let count = 0;
  for (const picture of pictures) {
    if (count >= wanted) break;
    chosen.add(picture);
    count += examples.filter(({ imageKey }) => imageKey === picture).length;
  }
  return {
    kept: examples.filter(({ imageKey }) => !chosen.has(imageKey)),
    taken: examples.filter(({ imageKey }) => chosen.has(imageKey)),
  };
}

/** The purposes of random streams. */
const [FOLDS, SPLIT] = [31, 32];
