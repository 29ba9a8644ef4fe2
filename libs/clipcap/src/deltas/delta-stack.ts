import { float32, int64, type Feeds } from '@housestyle/graph';
import { DELTA_GROUPS } from './delta-inputs.js';
import type { Linears, LowRankDelta } from './low-rank-delta.js';

/** An image's delta; undefined for one that the base alone captions. */
export type ImageDelta = LowRankDelta | undefined;

/**
 * The deltas of a batch's images, stacked as the inputs of `deltaInputs`: copied together once, read in place at every
 * step. Lower ranks are padded with zeros, images without a delta are all zeros; both add exactly nothing.
 */
export class DeltaStack {
  /** r: the highest rank of the batch. */
  private readonly rank: number;
  private readonly layers: readonly StackedLayer[];
  private groups: readonly ImageDelta[];

  /** One delta per image; at least one of them is there. */
  constructor(
    linears: Linears,
    private images: readonly ImageDelta[],
  ) {
    const pairs = images.flatMap((delta) => (delta ? [...delta.pairs] : []));
    this.rank = Math.max(1, ...pairs.map(([name, { rank }]) => (linears.has(name) ? rank : 1)));
    this.layers = [...linears].map(([name, [input, output]]) => ({
      name,
      input,
      output,
      a: new Float32Array(0),
      b: new Float32Array(0),
    }));
    this.groups = groupsOf(images);
    this.fill();
  }

  /** Whether any image is left that has a delta. */
  get isNeeded(): boolean {
    return this.images.some(Boolean);
  }

  /** Only these images stay, in ascending order. */
  keep(images: readonly number[]): void {
    const perGroup = this.images.length / this.groups.length;
    const groupBefore = images.map((image) => Math.floor(image / perGroup));
    this.images = images.map((image) => this.images[image]!);
    this.groups = groupsOf(this.images);
    const imagesPerGroup = this.images.length / this.groups.length;
    const sources = this.groups.map((_, group) => groupBefore[group * imagesPerGroup]!);
    if (sources.some((source, group) => source < group)) this.fill();
    else this.move(sources);
  }

  /** Valid until the next `keep`. */
  feeds(): Feeds {
    const [G, r] = [this.groups.length, this.rank];
    const feeds: Record<string, Feeds[string]> = { [DELTA_GROUPS]: int64([G]) };
    for (const { name, input, output, a, b } of this.layers) {
      feeds[`${name}.A`] = float32(a.subarray(0, G * input * r), [G, input, r]);
      feeds[`${name}.B`] = float32(b.subarray(0, G * r * output), [G, r, output]);
    }
    return feeds;
  }

  private fill(): void {
    const r = this.rank;
    for (const layer of this.layers) {
      const { name, input, output } = layer;
      layer.a = new Float32Array(this.groups.length * input * r);
      layer.b = new Float32Array(this.groups.length * r * output);
      this.groups.forEach((delta, group) => {
        const pair = delta?.pairs.get(name);
        if (!pair) return;
        widen(layer.a.subarray(group * input * r), pair.a, pair.rank, r);
        layer.b.set(pair.b, group * r * output);
      });
    }
  }

  /** Closes the gaps that left groups leave; sources ascend. */
  private move(sources: readonly number[]): void {
    for (const { input, output, a, b } of this.layers) {
      for (const [values, size] of [[a, input * this.rank] as const, [b, this.rank * output] as const]) {
        sources.forEach((from, to) => {
          if (from !== to) values.copyWithin(to * size, from * size, (from + 1) * size);
        });
      }
    }
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
