/**
 * What an update does with every number, for four floats at once, as WebAssembly functions. JavaScript has no vector
 * operations, and one square root and one division after the other take three times as long as the memory needs to
 * deliver the numbers. Blocks are copied into the functions' memory and back: they stay in the processor's cache
 * meanwhile.
 */

export interface AdamWConstants {
  /** of gradients, on the way. */
  readonly scale: number;
  readonly beta1: number;
  readonly beta2: number;
  /** what is left of a parameter after decay. */
  readonly kept: number;
  /** learning rate with the first moment's bias correction. */
  readonly stride: number;
  /** of the deviation: its bias correction. */
  readonly inverse: number;
  readonly epsilon: number;
}

/**
 * AdamW: p ← kept·p - stride·m/(inverse·√v + epsilon), with m and v moved towards the gradient and its square; in place.
 * In fp32 throughout, as PyTorch computes it.
 */
export function updateInPlace(
  p: Float32Array,
  g: Float32Array,
  m: Float32Array,
  v: Float32Array,
  { scale, beta1, beta2, kept, stride, inverse, epsilon }: AdamWConstants,
): void {
  const blocks = (kernel ??= loadKernel());
  for (let begin = 0; begin < p.length; begin += BLOCK) {
    const end = Math.min(begin + BLOCK, p.length);
    blocks.p.set(p.subarray(begin, end));
    blocks.g.set(g.subarray(begin, end));
    blocks.m.set(m.subarray(begin, end));
    blocks.v.set(v.subarray(begin, end));
    const bytes = (end - begin) * Float32Array.BYTES_PER_ELEMENT; // the last four may be fewer: none looks at the rest
    blocks.update(bytes, scale, beta1, 1 - beta1, beta2, 1 - beta2, kept, stride, inverse, epsilon);
    p.set(blocks.p.subarray(0, end - begin), begin);
    m.set(blocks.m.subarray(0, end - begin), begin);
    v.set(blocks.v.subarray(0, end - begin), begin);
  }
}

/** Σ values², in fp64: what fits into a float has a square that does not. */
export function squareSum(values: Float32Array): number {
  const blocks = (kernel ??= loadKernel());
  let sum = 0;
  for (let begin = 0; begin < values.length; begin += BLOCK) {
    const block = values.subarray(begin, begin + BLOCK);
    blocks.g.set(block);
    blocks.g.fill(0, block.length, Math.ceil(block.length / 4) * 4);
    sum += blocks.squares(block.byteLength);
  }
  return sum;
}

/** Elements at a time: four arrays of 64 KiB, a page of WebAssembly each. */
const BLOCK = 16384;
const BLOCK_BYTES = BLOCK * Float32Array.BYTES_PER_ELEMENT;

interface Kernel {
  readonly p: Float32Array;
  readonly g: Float32Array;
  readonly m: Float32Array;
  readonly v: Float32Array;
  update(bytes: number, ...constants: number[]): void;
  squares(bytes: number): number;
}

let kernel: Kernel | undefined;

function loadKernel(): Kernel {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(moduleBytes()));
  const { memory, update, squares } = exports as Pick<Kernel, 'update' | 'squares'> & {
    memory: { buffer: ArrayBuffer };
  };
  const block = (index: number) => new Float32Array(memory.buffer, index * BLOCK_BYTES, BLOCK);
  return { p: block(P), g: block(G), m: block(M), v: block(V), update, squares };
}

/** Which block of memory is whose. */
const [P, G, M, V] = [0, 1, 2, 3];

/** The functions and their memory, in WebAssembly's binary format (version 1, with SIMD). */
function moduleBytes(): Uint8Array<ArrayBuffer> {
  const update = [0x60, 1 + CONSTANTS, I32, ...Array<number>(CONSTANTS).fill(F32), 0]; // (i32, f32…) → ()
  const squares = [0x60, 1, I32, 1, F64]; // i32 → f64
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00], // "\0asm", version 1
    ...section(1, [2, ...update, ...squares]), // types
    ...section(3, [2, 0, 1]), // a function of each
    ...section(5, [1, 0x00, 4]), // a memory of four pages
    ...section(7, [3, ...exported('memory', 0x02, 0), ...exported('update', 0x00, 0), ...exported('squares', 0x00, 1)]),
    ...section(10, [2, ...updateFunction(), ...squaresFunction()]),
  ]);
}

function squaresFunction(): number[] {
  const [bytes, at, low, high, doubles] = [0, 1, 2, 3, 4] as const;
  const add = (sum: number, halfOfFour: readonly number[]) => [
    ...set(doubles, [...halfOfFour, ...PROMOTE_LOW]),
    ...set(sum, [...get(sum), ...get(doubles), ...get(doubles), ...MUL64, ...ADD64]),
  ];
  const four = load(at, G);
  return sized([
    ...[2, 1, I32, 3, V128], // locals: all are 0 when it begins
    ...[LOOP, NO_RESULT],
    ...add(low, four),
    ...add(high, [...four, ...four, ...UPPER_HALF]),
    ...next(at, bytes),
    ...set(low, [...get(low), ...get(high), ...ADD64]),
    ...[...get(low), ...LANE, 0, ...get(low), ...LANE, 1, F64_ADD],
    END,
  ]);
}

/** Numbers of the update's locals: the parameters come first, then their vectors, then what a turn of the loop computes. */
const CONSTANTS = 9;
const BYTES = 0;
const AT = 1 + CONSTANTS;
const [SCALE, BETA1, REST1, BETA2, REST2, KEPT, STRIDE, INVERSE, EPSILON] = [
  11, 12, 13, 14, 15, 16, 17, 18, 19,
] as const;
const [GRADIENT, FIRST, SECOND] = [20, 21, 22] as const;

function updateFunction(): number[] {
  const vectors = Array.from({ length: CONSTANTS }, (_, n) => [...get(1 + n), ...SPLAT, ...set(SCALE + n)]);
  return sized([
    ...[2, 1, I32, CONSTANTS + 3, V128], // locals
    ...vectors.flat(),
    ...[LOOP, NO_RESULT],
    ...set(GRADIENT, [...load(AT, G), ...get(SCALE), ...MUL]),
    ...set(FIRST, [...get(BETA1), ...load(AT, M), ...MUL, ...get(REST1), ...get(GRADIENT), ...MUL, ...ADD]),
    ...set(SECOND, [
      ...[...get(BETA2), ...load(AT, V), ...MUL],
      ...[...get(REST2), ...get(GRADIENT), ...MUL, ...get(GRADIENT), ...MUL, ...ADD],
    ]),
    ...store(AT, M, get(FIRST)),
    ...store(AT, V, get(SECOND)),
    ...store(AT, P, [
      ...[...load(AT, P), ...get(KEPT), ...MUL],
      ...[...get(STRIDE), ...get(FIRST), ...MUL],
      ...[...get(SECOND), ...SQRT, ...get(INVERSE), ...MUL, ...get(EPSILON), ...ADD],
      ...[...DIV, ...SUB],
    ]),
    ...next(AT, BYTES),
    END,
  ]);
}

/** The loop's end: on to the next four floats, if there are any. */
const next = (at: number, bytes: number): number[] => [
  ...set(at, [...get(at), I32_CONST, 16, I32_ADD]),
  ...[...get(at), ...get(bytes), I32_LESS, BRANCH_IF, 0],
  END,
];

const get = (local: number): number[] => [0x20, local];
const set = (local: number, value: readonly number[] = []): number[] => [...value, 0x21, local];
const load = (at: number, block: number): number[] => [...get(at), 0xfd, 0x00, ...place(block)];
const store = (at: number, block: number, value: readonly number[]): number[] => [
  ...get(at),
  ...value,
  0xfd,
  0x0b,
  ...place(block),
];
/** aligned to 2⁴ bytes, so far behind `at`. */
const place = (block: number): number[] => [4, ...leb128(block * BLOCK_BYTES)];

const [I32, F32, F64, V128] = [0x7f, 0x7d, 0x7c, 0x7b] as const;
const [LOOP, NO_RESULT, END, BRANCH_IF] = [0x03, 0x40, 0x0b, 0x0d] as const;
const [I32_CONST, I32_ADD, I32_LESS, F64_ADD] = [0x41, 0x6a, 0x49, 0xa0] as const;
const SPLAT = [0xfd, 0x13];
const [SQRT, ADD, SUB, MUL, DIV] = [0xe3, 0xe4, 0xe5, 0xe6, 0xe7].map((operator) => [0xfd, operator, 0x01]) as Vectors;
/** The lower two floats as doubles; one of two doubles. */
const [PROMOTE_LOW, LANE] = [
  [0xfd, 0x5f],
  [0xfd, 0x21],
] as const;
const [ADD64, MUL64] = [
  [0xfd, 0xf0, 0x01],
  [0xfd, 0xf2, 0x01],
] as const;
/** Of four floats twice: the upper two below. */
const UPPER_HALF = [0xfd, 0x0d, ...[8, 9, 10, 11, 12, 13, 14, 15], ...[8, 9, 10, 11, 12, 13, 14, 15]];
type Vectors = [number[], number[], number[], number[], number[]];

const section = (id: number, content: readonly number[]): number[] => [id, ...sized(content)];
const sized = (content: readonly number[]): number[] => [...leb128(content.length), ...content];
const exported = (name: string, kind: number, index: number): number[] => [
  ...sized([...Buffer.from(name)]),
  kind,
  index,
];

/** An unsigned integer, seven bits a byte, lowest first. */
function leb128(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = rest >>> 7) {
    if (rest < 0x80) return [...bytes, rest];
    bytes.push((rest & 0x7f) | 0x80);
  }
}

/** What of it is used here: only browsers' type libraries declare it. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (module: object) => { readonly exports: object };
};
