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
  readonly logProbs: Float32Array;
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

  /** @param row all tokens in the order of their ids, or at least the `topK` likeliest of them, best first */
  distribution(row: Continuations): TokenDistribution {
    const weights = this.weightsOf(row);
    const { topP } = this.settings;
    if (topP === 1 && this.breadth === Infinity) return { ...row, probabilities: normalised(weights) };
    const places = topP < 1 ? nucleus(weights, topP) : [...weights.keys()];
    places.sort((a, b) => row.ids[a]! - row.ids[b]!);
    return {
      ids: places.map((place) => row.ids[place]!),
      probabilities: normalised(Float64Array.from(places, (place) => weights[place]!)),
      logProbs: Float32Array.from(places, (place) => row.logProbs[place]!),
    };
  }

  /** Of the tokens that may be drawn, 1 for the likeliest. */
  private weightsOf({ ids, logProbs }: Continuations): Float64Array {
    const { temperature } = this.settings;
    const weights = new Float64Array(Math.min(this.breadth, ids.length));
    let best = -Infinity;
    for (let i = 0; i < weights.length; i++) best = Math.max(best, logProbs[i]!);
    for (let i = 0; i < weights.length; i++) weights[i] = Math.exp((logProbs[i]! - best) / temperature);
    return weights;
  }
}

/**
 * Where the likeliest are that together first exceed the share `topP`. All that are less likely than (1 - topP) / n make
 * up less than 1 - topP together, so none of them is among these: the long tail need not be sorted.
 */
function nucleus(weights: Float64Array, topP: number): number[] {
  const total = sumOf(weights);
  const least = ((1 - topP) * total) / weights.length;
  const places: number[] = [];
  for (let place = 0; place < weights.length; place++) if (weights[place]! >= least) places.push(place);
  places.sort((a, b) => weights[b]! - weights[a]!);
  let before = 0;
  const end = places.findIndex((place) => {
    if (before > topP * total) return true;
    before += weights[place]!;
    return false;
  });
  return end === -1 ? places : places.slice(0, end);
}

/** In place. */
function normalised(weights: Float64Array): Float64Array {
  const total = sumOf(weights);
  for (let i = 0; i < weights.length; i++) weights[i] = weights[i]! / total;
  return weights;
}

// loops: a vocabulary's length, once a token, is where callbacks cost more than the model
function sumOf(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum;
}
