import type { Continuations } from './search.js';

export interface TokenFilterSettings {
  /** log-probabilities are divided by it. */
  readonly temperature: number;
  /** only this many of the likeliest; Infinity: all. */
  readonly topK: number;
  /** of what is left, only the likeliest that together first exceed this share; 1: all. */
  readonly topP: number;
}

/** What may be drawn, in the order of the ids. */
export interface TokenDistribution {
  readonly ids: readonly number[];
  /** their probabilities, of sum 1. */
  readonly probabilities: Float64Array;
  /** as the model gives them, unfiltered. */
  readonly logProbs: Float64Array;
}

/**
 * Temperature, then top-k, then top-p, each on what the one before left, as Hugging Face's `generate` applies them. The
 * token that makes the share exceed `topP` is kept, as in ClipCap's `generate2` (and there is always one).
 */
export class TokenFilter {
  /** of each row: all tokens, or only as many as can be drawn. */
  readonly breadth: number;

  constructor(private readonly settings: TokenFilterSettings) {
    this.breadth = settings.topK;
  }

  /** @param row all tokens in any order, or at least the `topK` likeliest of them, best first */
  distribution(row: Continuations): TokenDistribution {
    const { temperature, topP } = this.settings;
    const count = Math.min(this.breadth, row.ids.length);
    const best = maxOf(row.logProbs, count);
    const weights = Float64Array.from({ length: count }, (_, i) => Math.exp((row.logProbs[i]! - best) / temperature));
    const places = topP < 1 ? nucleus(weights, topP) : [...weights.keys()];
    places.sort((a, b) => row.ids[a]! - row.ids[b]!);
    const total = places.reduce((sum, place) => sum + weights[place]!, 0);
    return {
      ids: places.map((place) => row.ids[place]!),
      probabilities: Float64Array.from(places, (place) => weights[place]! / total),
      logProbs: Float64Array.from(places, (place) => row.logProbs[place]!),
    };
  }
}

/**
 * Where the likeliest are that together first exceed the share `topP`. All that are less likely than (1 - topP) / n make
 * up less than 1 - topP together, so none of them is among these: the long tail need not be sorted.
 */
function nucleus(weights: Float64Array, topP: number): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const least = ((1 - topP) * total) / weights.length;
  const places = [...weights.keys()].filter((place) => weights[place]! >= least);
  places.sort((a, b) => weights[b]! - weights[a]!);
  let before = 0;
  const end = places.findIndex((place) => {
    if (before > topP * total) return true;
    before += weights[place]!;
    return false;
  });
  return end === -1 ? places : places.slice(0, end);
}

function maxOf(values: Float32Array, count: number): number {
  let largest = -Infinity;
  for (let i = 0; i < count; i++) largest = Math.max(largest, values[i]!);
  return largest;
}
