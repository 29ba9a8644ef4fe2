import {
  add32,
  addVectors,
  assemble,
  dot,
  get,
  highAs32,
  isBelow,
  lane32,
  lane64,
  load32,
  loadBytesAs16,
  loadSplat32,
  loadVector,
  lowAs32,
  multiply,
  narrowToBytes,
  number32,
  repeatWhile,
  set,
  shiftLeft,
  shiftRight,
  splat32,
  store32,
  store64,
  swizzle,
  vector,
  type Code,
  type WasmFunction,
} from './wasm-assembler.js';

/** as much of it as is used here; the types of Node.js have none */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

/** Weights are whole numbers of 2^-22. */
export const PRECISION_BITS = 32 - 8 - 2;
/** A weight is `high * 2^15 + low`: both fit 16 bits, which the processor multiplies four pairs at a time. */
const LOW_BITS = 15;
/** taps done in one go, from one load of 16 bytes */
export const TAPS_PER_GROUP = 4;
/** bytes that the loops may touch beyond what they are given */
export const SLACK_BYTES = 16;

export interface ResampleKernel {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  /**
   * One row of RGB pixels across. For each output pixel: `starts` has the byte in `row` where its taps begin, `weights`
   * its `groups` × 4 weights, as `packWeights` has them. Writes from `to` until `end`. All are addresses.
   */
  horizontal(row: number, starts: number, weights: number, groups: number, to: number, end: number): void;
  /** One output row of bytes from `taps` rows down from `from`, with a weight of 32 bits for each. */
  vertical(from: number, rowBytes: number, taps: number, weights: number, to: number, end: number): void;
}

const HALF = splat32(number32(1 << (PRECISION_BITS - 1)));
const ZERO = vector(Array<number>(16).fill(0));
const decrement = (local: number): Code => set(local, add32(get(local), number32(-1)));
const advance = (local: number, by: Code): Code => set(local, add32(get(local), by));
const accumulate = (local: number, value: Code): Code => set(local, addVectors(get(local), value));

/** Two pixels from byte `at` on, as 16 bits, colour by colour: R R G G B B 0 0. */
const pixelPair = (at: number): Code =>
  vector([0, 3, 1, 4, 2, 5].flatMap((byte) => [at + byte, 0x80]).concat(0x80, 0x80, 0x80, 0x80));

function horizontal(): WasmFunction {
  const [row, starts, weights, groups, to, end, at, left, high, low, bytes, first, second] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
  ] as const;
  const sum = addVectors(addVectors(shiftLeft(get(high), LOW_BITS), get(low)), HALF);
  return {
    name: 'horizontal',
    parameters: 6,
    numbers: 2,
    vectors: 5,
    body: [
      repeatWhile(
        isBelow(get(to), get(end)),
        set(at, add32(get(row), load32(get(starts)))),
        advance(starts, number32(4)),
        set(high, ZERO),
        set(low, ZERO),
        set(left, get(groups)),
        repeatWhile(
          get(left),
          set(bytes, loadVector(get(at))),
          set(first, swizzle(get(bytes), pixelPair(0))),
          set(second, swizzle(get(bytes), pixelPair(6))),
          accumulate(high, dot(get(first), loadSplat32(get(weights), 0))),
          accumulate(high, dot(get(second), loadSplat32(get(weights), 4))),
          accumulate(low, dot(get(first), loadSplat32(get(weights), 8))),
          accumulate(low, dot(get(second), loadSplat32(get(weights), 12))),
          advance(at, number32(TAPS_PER_GROUP * 3)),
          advance(weights, number32(16)),
          decrement(left),
        ),
        set(bytes, shiftRight(sum, PRECISION_BITS)),
        store32(get(to), lane32(narrowToBytes(get(bytes), get(bytes)))),
        advance(to, number32(3)),
      ),
    ],
  };
}

function vertical(): WasmFunction {
  const [from, rowBytes, taps, weights, to, end, at, weight, left, low, high, bytes] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
  ] as const;
  return {
    name: 'vertical',
    parameters: 6,
    numbers: 3,
    vectors: 3,
    body: [
      repeatWhile(
        isBelow(get(to), get(end)),
        set(at, get(from)),
        set(weight, get(weights)),
        set(left, get(taps)),
        set(low, HALF),
        set(high, HALF),
        repeatWhile(
          get(left),
          set(bytes, loadBytesAs16(get(at))),
          accumulate(low, multiply(lowAs32(get(bytes)), loadSplat32(get(weight)))),
          accumulate(high, multiply(highAs32(get(bytes)), loadSplat32(get(weight)))),
          advance(at, get(rowBytes)),
          advance(weight, number32(4)),
          decrement(left),
        ),
        set(low, shiftRight(get(low), PRECISION_BITS)),
        set(high, shiftRight(get(high), PRECISION_BITS)),
        store64(get(to), lane64(narrowToBytes(get(low), get(high)))),
        advance(from, number32(8)),
        advance(to, number32(8)),
      ),
    ],
  };
}

/** What `horizontal` takes for four weights: their high parts, then their low parts. */
export function packWeights(weights: Int32Array, into: Int16Array): void {
  for (let group = 0; group < weights.length; group += TAPS_PER_GROUP) {
    for (let k = 0; k < TAPS_PER_GROUP; k++) {
      const weight = weights[group + k]!;
      into[2 * group + k] = weight >> LOW_BITS;
      into[2 * group + TAPS_PER_GROUP + k] = weight & ((1 << LOW_BITS) - 1);
    }
  }
}

export function createResampleKernel(): ResampleKernel {
  const module = new WebAssembly.Module(assemble([horizontal(), vertical()]));
  return new WebAssembly.Instance(module).exports as ResampleKernel;
}
