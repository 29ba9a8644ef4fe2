import { fetched, giveBack, type Feeds, type Fetched, type Tensor } from '@housestyle/graph';
import type { Gpt2Config } from '../gpt2-config.js';
import { pastName, presentName, type CacheType, type KeyOrValue } from '../gpt2.js';

/**
 * Keys and values of the positions decoded so far, for a batch of images that may be at different depths. Each image has
 * a row of slots: first its prefix's, behind them those its beams descend from, as a tree and in no order. A new position
 * takes a slot that no beam sees any more. So a beam that ends or branches moves nothing, and rows are about as long as a
 * caption, however many beams have come and gone. An image that leaves leaves its row to one that comes.
 */
export class TreeCache {
  /** T: slots of every row, used or not. */
  capacity = 0;
  /** of each row: all slots from here on have never been used. */
  private used: number[] = [];
  private readonly buffers: readonly CacheBuffer[];
  private readonly heads: number;
  private readonly headWidth: number;

  /** `type`: what the graph takes, and gives. */
  constructor(
    { numLayers, numHeads, width }: Gpt2Config,
    private readonly type: CacheType = 'float32',
  ) {
    this.heads = numHeads;
    this.headWidth = width / numHeads;
    this.buffers = Array.from({ length: numLayers }, (_, layer) => layer).flatMap((layer) =>
      PARTS.map((part) => ({
        past: pastName(layer, part),
        present: presentName(layer, part),
        data: new ARRAYS[type](0),
      })),
    );
  }

  /** Outputs of the graph that `put` and `append` want. */
  get presentNames(): readonly string[] {
    return this.buffers.map(({ present }) => present);
  }

  /**
   * New images take rows, each with the first `counts[i]` of its new positions. What a row held before is wiped out: hidden
   * slots are computed with, and a number that is none would spread. The outputs' keys and values are given back.
   */
  put(outputs: Fetched, counts: readonly number[], rows: readonly number[]): void {
    const before = this.used.length;
    for (const row of rows) this.used[row] = 0;
    const needed = Math.max(...this.used, ...counts);
    const isTooLong = this.capacity > 2 * needed + SPARE_SLOTS;
    this.resize(isTooLong ? needed + SPARE_SLOTS : Math.max(this.capacity, needed), before);
    const perRow = this.heads * this.capacity * this.headWidth;
    for (const { data } of this.buffers) for (const row of rows) data.fill(0, row * perRow, (row + 1) * perRow);
    this.write(outputs, counts.map(countUp), rows);
  }

  /** Of each image, a slot of its row for one more position of each of its paths; rows grow where they are full. */
  makeRoom(images: readonly TreeImage[]): number[][] {
    const slots = images.map(freeSlots);
    const needed = 1 + Math.max(...slots.flat());
    const ahead = STEPS_AHEAD * Math.max(...images.map(({ paths }) => paths.length));
    if (needed > this.capacity) this.resize(needed + ahead, images.length);
    return slots;
  }

  /**
   * The first of every image's new positions take these slots of its row, for which there is room. The outputs' keys and
   * values are given back.
   */
  append(outputs: Fetched, slots: readonly (readonly number[])[]): void {
    this.write(outputs, slots, countUp(slots.length));
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
    if (rows === 0) this.capacity = 0;
  }

  /** The cache as the graph's inputs, without copying: valid until the next change. */
  feeds(): Feeds {
    const dims = [this.used.length, this.heads, this.capacity, this.headWidth];
    const size = dims.reduce((product, dim) => product * dim, 1);
    return Object.fromEntries(this.buffers.map(({ past, data }) => [past, this.tensor(data.subarray(0, size), dims)]));
  }

  /** A past of no positions, for images that begin. */
  noPast(images: number): Feeds {
    const nothing = this.tensor(new ARRAYS[this.type](0), [images, this.heads, 0, this.headWidth]);
    return Object.fromEntries(this.buffers.map(({ past }) => [past, nothing]));
  }

  /** Rows of `capacity` slots, in the same memory where there is enough of it. The first `rows` keep what they hold. */
  private resize(capacity: number, rows: number): void {
    const [from, to] = [this.capacity * this.headWidth, capacity * this.headWidth];
    const kept = Math.min(from, to);
    const lines = rows * this.heads;
    const size = this.used.length * this.heads * to;
    const outgrown: CacheArray[] = [];
    for (const buffer of this.buffers) {
      const { data } = buffer;
      if (size > data.length) {
        buffer.data = new ARRAYS[this.type](MEMORY_AHEAD * size);
        outgrown.push(data);
      } else if (from === to) continue;
      for (let n = 0; n < lines; n++) {
        const line = to > from ? lines - 1 - n : n; // none over one that is still to be moved
        buffer.data.set(data.subarray(line * from, line * from + kept), line * to);
        buffer.data.fill(0, line * to + kept, (line + 1) * to);
      }
    }
    giveBack(outgrown);
    this.capacity = capacity;
  }

  private write(outputs: Fetched, slots: readonly (readonly number[])[], rows: readonly number[]): void {
    const { heads: H, headWidth: D, capacity: T } = this;
    const runs = slots.map(runsOf);
    for (const { data, present } of this.buffers) {
      const { data: fresh, dims } = fetched(outputs, present, this.type); // [B, H, S, D]
      const S = dims[2]!;
      rows.forEach((row, i) => {
        for (let head = 0; head < H; head++) {
          const line = (row * H + head) * T;
          const from = (i * H + head) * S;
          for (const { position, slot, count } of runs[i]!) {
            const values = fresh.subarray((from + position) * D, (from + position + count) * D);
            data.set(values, (line + slot) * D);
          }
        }
      });
    }
    giveBack(this.buffers.map(({ present }) => outputs[present]!.data));
    rows.forEach((row, i) => (this.used[row] = Math.max(this.used[row]!, 1 + Math.max(...slots[i]!))));
  }

  private tensor(data: CacheArray, dims: readonly number[]): Tensor {
    return { type: this.type, data, dims } as Tensor<CacheType>;
  }
}

/** What a cache must know of an image to tell which of its slots are still seen. */
export interface TreeImage {
  readonly prefixLength: number;
  /** of each beam: the slots it descends from, besides the prefix's. */
  readonly paths: readonly (readonly number[])[];
}

interface CacheBuffer {
  readonly past: string;
  readonly present: string;
  /** [rows, H, T, D], and room behind it. */
  data: CacheArray;
}

type CacheArray = Float32Array | Uint16Array;

const ARRAYS = { float32: Float32Array, float16: Uint16Array } as const satisfies Record<CacheType, unknown>;

const PARTS: readonly KeyOrValue[] = ['key', 'value'];

/** Room for this many further steps is made at once: growing copies the cache, but unused slots cost time at each step. */
const STEPS_AHEAD = 3;
/** Times as much memory is asked for as is needed: what is not written to takes none, fresh memory takes time. */
const MEMORY_AHEAD = 2;
/** Slots that are not worth a copy of the cache to be rid of. */
const SPARE_SLOTS = 32;

/** The lowest that no path has. */
function freeSlots({ prefixLength, paths }: TreeImage): number[] {
  let taken = prefixLength;
  for (const path of paths) for (const slot of path) if (slot >= taken) taken = slot + 1;
  const isSeen = new Uint8Array(taken + paths.length);
  for (const path of paths) for (const slot of path) isSeen[slot] = 1;
  const free: number[] = [];
  for (let slot = prefixLength; free.length < paths.length; slot++) if (!isSeen[slot]) free.push(slot);
  return free;
}

interface SlotRun {
  readonly position: number;
  readonly slot: number;
  readonly count: number;
}

/** Positions in order, as few pieces as their slots make: what lies side by side is copied at once. */
function runsOf(slots: readonly number[]): SlotRun[] {
  const runs: SlotRun[] = [];
  for (let position = 0; position < slots.length;) {
    const slot = slots[position]!;
    let count = 1;
    while (slots[position + count] === slot + count) count++;
    runs.push({ position, slot, count });
    position += count;
  }
  return runs;
}

const countUp = (count: number): number[] => Array.from({ length: count }, (_, n) => n);
