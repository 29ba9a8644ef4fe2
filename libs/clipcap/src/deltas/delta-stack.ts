import { float32, giveBack, int64, type Feeds } from '@housestyle/graph';
import { DELTA_GROUPS } from './delta-inputs.js';
import type { Linears, LowRankDelta } from './low-rank-delta.js';

/** An image's delta; undefined for one that the base alone captions. */
export type ImageDelta = LowRankDelta | undefined;

/**
 * The deltas of a batch's images, stacked as the inputs of `deltaInputs`: copied there when their image enters, read in
 * place at every step. Lower ranks are padded with zeros, images without a delta are all zeros; both add exactly nothing.
 */
export class DeltaStack {
  /** r: the highest rank there has been. */
  private rank = 1;
  private readonly layers: readonly StackedLayer[];
  /** what the buffers hold, group by group; more than `count` may lie there. */
  private held: ImageDelta[] = [];
  /** G */
  private count = 0;

  /** One delta per image; at least one of them is there. */
  constructor(
    private readonly linears: Linears,
    images: readonly ImageDelta[],
  ) {
    this.layers = [...linears].map(([name, [input, output]]) => ({
      name,
      input,
      output,
      a: new Float32Array(0),
      b: new Float32Array(0),
    }));
    this.set(images);
  }

  /** Brings the stack to these images: what is there already, in its place, is not copied again. */
  set(images: readonly ImageDelta[]): void {
    const groups = groupsOf(images);
    const rank = Math.max(this.rank, ...groups.map((delta) => this.rankOf(delta)));
    if (rank > this.rank || groups.length > this.held.length) this.clear(rank, groups.length);
    groups.forEach((delta, group) => {
      if (this.held[group] !== delta) this.write(delta, group);
    });
    this.count = groups.length;
  }

  /** Valid until the next `set`. */
  feeds(): Feeds {
    const [G, r] = [this.count, this.rank];
    const feeds: Record<string, Feeds[string]> = { [DELTA_GROUPS]: int64([G]) };
    for (const { name, input, output, a, b } of this.layers) {
      feeds[`${name}.A`] = float32(a.subarray(0, G * input * r), [G, input, r]);
      feeds[`${name}.B`] = float32(b.subarray(0, G * r * output), [G, r, output]);
    }
    return feeds;
  }

  /** Frees its memory at once; it is not to be used any more. */
  giveBack(): void {
    giveBack(this.layers.flatMap(({ a, b }) => [a, b]));
  }

  private rankOf(delta: ImageDelta): number {
    return Math.max(1, ...[...(delta?.pairs ?? [])].map(([name, { rank }]) => (this.linears.has(name) ? rank : 1)));
  }

  private clear(rank: number, groups: number): void {
    this.rank = rank;
    this.held = new Array<ImageDelta>(groups).fill(undefined);
    this.giveBack();
    for (const layer of this.layers) {
      layer.a = new Float32Array(groups * layer.input * rank);
      layer.b = new Float32Array(groups * rank * layer.output);
    }
  }

  private write(delta: ImageDelta, group: number): void {
    const r = this.rank;
    for (const { name, input, output, a, b } of this.layers) {
      const [ofA, ofB] = [
        a.subarray(group * input * r, (group + 1) * input * r),
        b.subarray(group * r * output, (group + 1) * r * output),
      ];
      const pair = delta?.pairs.get(name);
      if (!pair || pair.rank < r) {
        ofA.fill(0);
        ofB.fill(0);
      }
      if (!pair) continue;
      widen(ofA, pair.a, pair.rank, r);
      ofB.set(pair.b);
    }
    this.held[group] = delta;
  }
}

interface StackedLayer {
  readonly name: string;
  readonly input: number;
  readonly output: number;
  /** [G, in, r], possibly longer. */
  a: Float32Array;
  /** [G, r, out], possibly longer. */
  b: Float32Array;
}

/** The order that brings images of one delta together, and so makes groups large. */
export function orderByDelta(deltas: readonly ImageDelta[]): number[] {
  const ranks = new Map<ImageDelta, number>();
  for (const delta of deltas) if (!ranks.has(delta)) ranks.set(delta, ranks.size);
  return [...deltas.keys()].sort((i, j) => ranks.get(deltas[i])! - ranks.get(deltas[j])! || i - j);
}

/** One delta per group: groups are as large as the images, in their order, allow when all have one size. */
function groupsOf(images: readonly ImageDelta[]): ImageDelta[] {
  const isUniform = (size: number) => images.every((delta, i) => delta === images[i - (i % size)]);
  let size = images.length;
  while (images.length % size !== 0 || !isUniform(size)) size--;
  return images.filter((_, i) => i % size === 0);
}

/** Rows of `from` columns into rows of `to`, where zeros fill the rest. */
function widen(target: Float32Array, values: Float32Array, from: number, to: number): void {
  if (from === to) return target.set(values);
  for (let row = 0; row * from < values.length; row++) {
    target.set(values.subarray(row * from, (row + 1) * from), row * to);
  }
}
