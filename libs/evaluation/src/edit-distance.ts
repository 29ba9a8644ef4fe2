import { mean } from './captioned-picture.js';

/** What an editor had to change: Levenshtein distance in characters, over the longer text's length. 0 equal, 1 all new. */
export function normalisedEditDistance(a: string, b: string): number {
  if (a === b) return 0;
  const [from, to] = [[...a], [...b]];
  return levenshtein(from, to) / Math.max(from.length, to.length);
}

/** @param pairs at least one */
export function meanEditDistance(pairs: readonly (readonly [string, string])[]): number {
  if (pairs.length === 0) throw new RangeError('no texts to compare');
  return mean(pairs.map(([a, b]) => normalisedEditDistance(a, b)));
}

function levenshtein(from: readonly string[], to: readonly string[]): number {
  let previous = Uint32Array.from({ length: to.length + 1 }, (_, j) => j);
  let current = new Uint32Array(to.length + 1);
  for (const [i, character] of from.entries()) {
    current[0] = i + 1;
    for (let j = 1; j <= to.length; j++) {
      const replaced = previous[j - 1]! + (character === to[j - 1] ? 0 : 1);
      current[j] = Math.min(replaced, previous[j]! + 1, current[j - 1]! + 1);
    }
    [previous, current] = [current, previous];
  }
  return previous[to.length]!;
}
