import { fetched, float32, type Feeds, type Fetched } from '@housestyle/graph';
import type { Gpt2Config } from '../gpt2-config.js';
import { pastName, presentName, type KeyOrValue } from '../gpt2.js';

/**
 * Keys and values of the positions decoded so far, for a batch of images that may be at different depths. Each image
 * has a row of slots, filled from the left; its beams lie in them as a tree. Slots are added, step by step: a beam that
 * ends or branches moves nothing. Only when a row is full are the slots that no beam descends from any more given up, and
 * the others moved together; rows so stay about as long as a caption, however many beams have come and gone. An image
 * that leaves leaves its row to one that comes.
 */
export class TreeCache {
  /** T: slots of every row, used or not. */
  capacity = 0;
  /** used slots of each row. */
  private used: number[] = [];
  /** rows that there is memory for. */
  private rows = 0;
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

  /** Outputs of the graph that `put` and `append` want. */
  get presentNames(): readonly string[] {
    return this.buffers.map(({ present }) => present);
  }

  usedBy(row: number): number {
    return this.used[row]!;
  }

  /** New images take rows, each with the first `counts[i]` of its new positions; what a row held before is forgotten. */
  put(outputs: Fetched, counts: readonly number[], rows: readonly number[]): void {
    for (const row of rows) this.used[row] = 0;
    const needed = Math.max(0, ...this.used, ...counts);
    const isTooLong = this.capacity > 2 * needed + SPARE_SLOTS;
    if (needed > this.capacity || isTooLong || this.used.length > this.rows) {
      this.resize(
        isTooLong ? needed + SPARE_SLOTS : Math.max(this.capacity, needed),
        Math.max(this.rows, this.used.length),
      );
    }
    this.write(outputs, counts, rows);
  }

  /** Sees to it that every image has room for one more slot for each of its paths, which change where slots move. */
  makeRoom(images: readonly TreeImage[]): void {
    images.forEach((image, row) => {
      if (this.used[row]! + image.paths.length > this.capacity) this.giveUpSlots(image, row);
    });
    const needed = Math.max(...images.map(({ paths }, row) => this.used[row]! + paths.length));
    const ahead = STEPS_AHEAD * Math.max(...images.map(({ paths }) => paths.length));
    if (needed > this.capacity) this.resize(needed + ahead, this.rows);
  }

  /** Every image grows by the first `counts[i]` of its new positions, for which there is room. */
  append(outputs: Fetched, counts: readonly number[]): void {
    this.write(outputs, counts, [...counts.keys()]);
  }

  /** Row `from` takes the place of row `to`. */
  move(from: number, to: number): void {
    const perRow = this.heads * this.capacity * this.headWidth;
    for (const { data } of this.buffers) data.copyWithin(to * perRow, from * perRow, (from + 1) * perRow);
    this.used[to] = this.used[from]!;
  }

  /** Only the first `rows` stay. */
  cut(rows: number): void {
    this.used.length = rows;
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

  /** Moves the slots that are still seen together, unless too few are not: then a longer row costs less. */
  private giveUpSlots(image: TreeImage, row: number): void {
    const { prefixLength, paths } = image;
    const seen = [...new Set(paths.flat())].sort((a, b) => a - b);
    const left = prefixLength + seen.length;
    if (left + (1 + STEPS_AHEAD) * paths.length > this.capacity) return;
    const placeOf = new Map(seen.map((slot, n) => [slot, prefixLength + n]));
    const { heads: H, headWidth: D, capacity: T } = this;
    for (const { data } of this.buffers) {
      for (let head = 0; head < H; head++) {
        const begin = (row * H + head) * T;
        for (const [from, to] of placeOf) {
          if (from !== to) data.copyWithin((begin + to) * D, (begin + from) * D, (begin + from + 1) * D);
        }
      }
    }
    this.used[row] = left;
    image.paths = paths.map((path) => path.map((slot) => placeOf.get(slot)!));
  }

  private resize(capacity: number, rows: number): void {
    const [from, to] = [this.capacity * this.headWidth, capacity * this.headWidth];
    const kept = Math.min(from, to);
    const lines = Math.min(this.rows, rows, this.used.length) * this.heads;
    for (const buffer of this.buffers) {
      const resized = new Float32Array(rows * this.heads * to);
      for (let line = 0; line < lines; line++) {
        resized.set(buffer.data.subarray(line * from, line * from + kept), line * to);
      }
      buffer.data = resized;
    }
    this.capacity = capacity;
    this.rows = rows;
  }

  private write(outputs: Fetched, counts: readonly number[], rows: readonly number[]): void {
    const { heads: H, headWidth: D, capacity: T } = this;
    for (const { data, present } of this.buffers) {
      const { data: fresh, dims } = fetched(outputs, present, 'float32'); // [B, H, S, D]
      const S = dims[2]!;
      rows.forEach((row, i) => {
        for (let head = 0; head < H; head++) {
          const from = (i * H + head) * S * D;
          data.set(fresh.subarray(from, from + counts[i]! * D), ((row * H + head) * T + this.used[row]!) * D);
        }
      });
    }
    rows.forEach((row, i) => (this.used[row]! += counts[i]!));
  }
}

/** What a cache must know of an image to tell which of its slots are still seen. */
export interface TreeImage {
  readonly prefixLength: number;
  /** of each beam: the slots it descends from, behind the prefix's. */
  paths: readonly (readonly number[])[];
}

interface CacheBuffer {
  readonly past: string;
  readonly present: string;
  /** [rows, H, T, D] */
  data: Float32Array;
}

const PARTS: readonly KeyOrValue[] = ['key', 'value'];

/** Room for this many further steps is made at once: growing copies the cache, but unused slots cost time at each step. */
const STEPS_AHEAD = 3;
/** Slots that are not worth a copy of the cache to be rid of. */
const SPARE_SLOTS = 32;
