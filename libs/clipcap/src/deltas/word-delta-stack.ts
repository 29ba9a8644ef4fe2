import { float32, type Feeds } from '@housestyle/graph';
import type { LinearSizes } from '../layers.js';
import type { ImageDelta } from './delta-stack.js';
import type { LowRankDelta, LowRankPair } from './low-rank-delta.js';
import { WORD_DELTA_OWNERS } from './word-delta-inputs.js';

/**
 * The word tables' deltas of a batch's images, side by side as the inputs of `wordDeltaInputs`, a tenant's once however
 * many images it has. V words of C channels.
 */
export class WordDeltaStack {
  private stacked: ReadonlyMap<LowRankDelta, StackedPair> = new Map();
  /** W: of all together. */
  private rank = 0;
  /** [V, W] */
  private a: Float32Array = new Float32Array(0);
  /** [W, C] */
  private b: Float32Array = new Float32Array(0);

  /** One delta per image; at least one of them changes the table `key`. */
  constructor(
    private readonly key: string,
    private readonly sizes: LinearSizes,
    private images: readonly ImageDelta[],
  ) {
    this.fill(new Set(images));
  }

  /** Whether any of these deltas changes the table `key`. */
  static isNeeded(key: string, images: readonly ImageDelta[]): boolean {
    return images.some((delta) => delta?.pairs.has(key));
  }

  /** Only these images stay. Who has left is cleared away, once it pays, unless nobody else is there. */
  keep(images: readonly number[]): void {
    this.images = images.map((image) => this.images[image]!);
    const staying = new Set(this.images.filter((delta) => delta && this.stacked.has(delta)));
    if (staying.size > 0 && staying.size <= this.stacked.size / 2) this.fill(staying);
  }

  /** Valid until the next `keep`. */
  feeds(): Feeds {
    const [V, C] = this.sizes;
    const W = this.rank;
    const owners = new Uint8Array(this.images.length * W);
    this.images.forEach((delta, image) => {
      const own = delta && this.stacked.get(delta);
      if (own) owners.fill(1, image * W + own.from, image * W + own.from + own.pair.rank);
    });
    return {
      [`${this.key}.A`]: float32(this.a, [V, W]),
      [`${this.key}.B`]: float32(this.b, [W, C]),
      [WORD_DELTA_OWNERS]: { type: 'bool', data: owners, dims: [this.images.length, W] },
    };
  }

  private fill(deltas: ReadonlySet<ImageDelta>): void {
    const stacked = new Map<LowRankDelta, StackedPair>();
    let rank = 0;
    for (const delta of deltas) {
      const pair = delta?.pairs.get(this.key);
      if (!delta || !pair) continue;
      stacked.set(delta, { pair, from: rank });
      rank += pair.rank;
    }
    [this.stacked, this.rank] = [stacked, rank];
    const [V, C] = this.sizes;
    const [first, ...others] = stacked.values();
    if (first && others.length === 0) {
      [this.a, this.b] = [first.pair.a, first.pair.b]; // one alone is fed from where it lies
      return;
    }
    [this.a, this.b] = [new Float32Array(V * rank), new Float32Array(rank * C)];
    for (const { pair, from } of stacked.values()) {
      this.b.set(pair.b, from * C);
      placeColumns(this.a, pair, from, rank);
    }
  }
}

interface StackedPair {
  readonly pair: LowRankPair;
  /** its first rank's place among all. */
  readonly from: number;
}

/** A [V, r] as columns `from` to `from` + r of `target` [V, width]. */
function placeColumns(target: Float32Array, { a, rank }: LowRankPair, from: number, width: number): void {
  for (let at = 0, row = from; at < a.length; at += rank, row += width) {
    // a call per row to copy so few numbers would cost more than they do
    for (let n = 0; n < rank; n++) target[row + n] = a[at + n]!;
  }
}
