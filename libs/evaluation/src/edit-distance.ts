import { normalisedEditDistance } from '@housestyle/domain';
import { mean } from './captioned-picture.js';

/** @param pairs at least one */
export function meanEditDistance(pairs: readonly (readonly [string, string])[]): number {
  if (pairs.length === 0) throw new RangeError('no texts to compare');
  return mean(pairs.map(([a, b]) => normalisedEditDistance(a, b)));
}

export { normalisedEditDistance };
