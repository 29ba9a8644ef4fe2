import { float32, giveBack, type Feeds } from '@housestyle/graph';
import type { LinearSizes } from '../layers.js';
import type { ImageDelta } from './delta-stack.js';
import type { LowRankDelta, LowRankPair } from './low-rank-delta.js';
import { WORD_DELTA_OWNERS } from './word-delta-inputs.js';

/**
 * The word tables' deltas of a batch's images, side by side as the inputs of `wordDeltaInputs`, a tenant's once however
 * many images it has. V words of C channels.
 */
export class WordDeltaStack {
  private stacked = new Map<LowRankDelta, StackedPair>();
  /** W: of all together. */
  private rank = 0;
  /** [V, W] */
  private a: Float32Array = new Float32Array(0);
  /** [W, C] */
  private b: Float32Array = new Float32Array(0);
  private images: readonly ImageDelta[] = [];

  /** One delta per image; at least one of them changes the table `key`. */
  constructor(
    private readonly key: string,
    private readonly sizes: LinearSizes,
    images: readonly ImageDelta[],
  ) {
    this.set(images);
  }

  /** Whether any of these deltas changes the table `key`. */
  static isNeeded(key: string, images: readonly ImageDelta[]): boolean {
    return images.some((delta) => delta?.pairs.has(key));
  }

  /**
   * Brings the stack to these images. Who comes takes the place of one who has left, of the same rank; who has left is
   * cleared away, once it pays, unless nobody else is there.
   */
  set(images: readonly ImageDelta[]): void {
    this.images = images;
    const needed = new Set(images.filter((delta): delta is LowRankDelta => delta?.pairs.has(this.key) === true));
    if (needed.size === 0) return;
    const left = [...this.stacked.keys()].filter((delta) => !needed.has(delta));
    const missing = [...needed].filter((delta) => !this.stacked.has(delta));
    const isRoomy = missing.length === 0 && needed.size > this.stacked.size / 2;
    if (!isRoomy && !this.replace(left, missing)) this.fill(needed);
  }

  /** Valid until the next `set`. */
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

  /** Frees its memory at once; it is not to be used any more. */
  giveBack(): void {
    giveBack([this.a, this.b]);
  }

  /** @returns whether there was a place for each, and few enough that nobody needs are left */
  private replace(left: readonly LowRankDelta[], missing: readonly LowRankDelta[]): boolean {
    const free = [...left];
    const places = missing.map((delta) => {
      const { rank } = delta.pairs.get(this.key)!;
      const at = free.findIndex((gone) => this.stacked.get(gone)!.pair.rank === rank);
      return at === -1 ? undefined : free.splice(at, 1)[0];
    });
    if (places.includes(undefined) || free.length > missing.length) return false;
    missing.forEach((delta, n) => {
      const { from } = this.stacked.get(places[n]!)!;
      this.stacked.delete(places[n]!);
      this.place(delta, { pair: delta.pairs.get(this.key)!, from });
    });
    return true;
  }

  private fill(deltas: ReadonlySet<LowRankDelta>): void {
    this.stacked = new Map();
    this.rank = [...deltas].reduce((sum, delta) => sum + delta.pairs.get(this.key)!.rank, 0);
    const [V, C] = this.sizes;
    this.giveBack();
    [this.a, this.b] = [new Float32Array(V * this.rank), new Float32Array(this.rank * C)];
    let from = 0;
    for (const delta of deltas) {
      const pair = delta.pairs.get(this.key)!;
      this.place(delta, { pair, from });
      from += pair.rank;
    }
  }

  private place(delta: LowRankDelta, placed: StackedPair): void {
    const { pair, from } = placed;
    this.stacked.set(delta, placed);
    this.b.set(pair.b, from * this.sizes[1]);
    placeColumns(this.a, pair, from, this.rank);
  }
}

interface StackedPair {
  readonly pair: LowRankPair;
  /** its first rank's place among all. */
  readonly from: number;
}

/** A [V, r] as columns `from` to `from` + r of `target` [V, width]. */
function placeColumns(target: Float32Array, { a, rank }: LowRankPair, from: number, width: number): void {
  if (rank === width) return target.set(a);
  for (let at = 0, row = from; at < a.length; at += rank, row += width) {
    // a call per row to copy so few numbers would cost more than they do
    for (let n = 0; n < rank; n++) target[row + n] = a[at + n]!;
  }
}
