import { fetched, float32, type Feeds, type Fetched } from '@housestyle/graph';
import type { Gpt2Config } from '../gpt2-config.js';
import { pastName, presentName, type KeyOrValue } from '../gpt2.js';

/**
 * Keys and values of the positions decoded so far, for a batch of images that may be at different depths. Each image
 * has its own row of slots, filled from the left; its beams lie in them as a tree. Slots are only ever added, and
 * leave with their image: a beam that ends or branches moves nothing.
 */
export class TreeCache {
  /** T: slots of every image, used or not. */
  capacity = 0;
  /** used slots of each image. */
  private used: number[] = [];
  private readonly buffers: readonly CacheBuffer[];
  private readonly heads: number;
  private readonly headWidth: number;

  constructor({ numLayers, numHeads, width }: Gpt2Config) {
    this.heads = numHeads;
    this.headWidth = width / numHeads;
    this.buffers = Array.from({ length: numLayers }, (_, layer) => layer).flatMap((layer) =>
      PARTS.map((part) => ({
        past: pastName(layer, part),
        present: presentName(layer, part),
        data: new Float32Array(0),
      })),
    );
  }

  /** Outputs of the graph that `add` and `append` want. */
  get presentNames(): readonly string[] {
    return this.buffers.map(({ present }) => present);
  }

  usedBy(image: number): number {
    return this.used[image]!;
  }

  /** Images join behind those that are here, each with the first `counts[i]` of its new positions. */
  add(outputs: Fetched, counts: readonly number[]): void {
    const first = this.used.length;
    this.used.push(...counts.map(() => 0));
    this.reserve(Math.max(this.capacity, ...counts));
    this.write(outputs, counts, first);
  }

  /** Every image grows by the first `counts[i]` of its new positions. */
  append(outputs: Fetched, counts: readonly number[]): void {
    const needed = Math.max(...counts.map((count, image) => this.used[image]! + count));
    if (needed > this.capacity) this.reserve(needed + STEPS_AHEAD * Math.max(...counts));
    this.write(outputs, counts, 0);
  }

  /** Only these images stay, in ascending order. */
  keep(images: readonly number[]): void {
    const perImage = this.heads * this.capacity * this.headWidth;
    for (const { data } of this.buffers) {
      images.forEach((image, to) => data.copyWithin(to * perImage, image * perImage, (image + 1) * perImage));
    }
    this.used = images.map((image) => this.used[image]!);
  }

  /** The cache as the graph's inputs, without copying: valid until the next change. */
  feeds(): Feeds {
    const dims = [this.used.length, this.heads, this.capacity, this.headWidth];
    const size = dims.reduce((product, dim) => product * dim, 1);
    return Object.fromEntries(this.buffers.map(({ past, data }) => [past, float32(data.subarray(0, size), dims)]));
  }

  /** A past of no positions, for images that begin. */
  noPast(images: number): Feeds {
    const nothing = float32([], [images, this.heads, 0, this.headWidth]);
    return Object.fromEntries(this.buffers.map(({ past }) => [past, nothing]));
  }

  private reserve(capacity: number): void {
    const [from, to] = [this.capacity * this.headWidth, capacity * this.headWidth];
    const rows = this.used.length * this.heads;
    for (const buffer of this.buffers) {
      const grown = new Float32Array(rows * to);
      const rowsThere = from === 0 ? 0 : Math.min(rows, Math.floor(buffer.data.length / from));
      for (let row = 0; row < rowsThere; row++) grown.set(buffer.data.subarray(row * from, (row + 1) * from), row * to);
      buffer.data = grown;
    }
    this.capacity = capacity;
  }

  private write(outputs: Fetched, counts: readonly number[], firstImage: number): void {
    const { heads: H, headWidth: D, capacity: T } = this;
    for (const { data, present } of this.buffers) {
      const { data: fresh, dims } = fetched(outputs, present, 'float32'); // [B, H, S, D]
      const S = dims[2]!;
      counts.forEach((count, i) => {
        const image = firstImage + i;
        for (let head = 0; head < H; head++) {
          const from = (i * H + head) * S * D;
          data.set(fresh.subarray(from, from + count * D), ((image * H + head) * T + this.used[image]!) * D);
        }
      });
    }
    counts.forEach((count, i) => (this.used[firstImage + i]! += count));
  }
}

interface CacheBuffer {
  readonly past: string;
  readonly present: string;
  /** [B, H, T, D], possibly longer. */
  data: Float32Array;
}

const PARTS: readonly KeyOrValue[] = ['key', 'value'];

/** Room for this many further steps is made at once: growing copies the cache, but unused slots cost time at each step. */
const STEPS_AHEAD = 3;
