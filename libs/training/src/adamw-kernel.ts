/**
 * AdamW's arithmetic for four floats at once, as a WebAssembly function. JavaScript has no vector operations, and one
 * square root and one division after the other take three times as long as the memory needs to deliver the numbers.
 * In fp32 throughout, as PyTorch computes it. Blocks are copied into the function's memory and back: they stay in the
 * processor's cache meanwhile.
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

/** p ← kept·p - stride·m/(inverse·√v + epsilon), with m and v moved towards the gradient and its square; in place. */
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

/** Elements at a time: four arrays of 64 KiB, a page of WebAssembly each. */
const BLOCK = 16384;
const BLOCK_BYTES = BLOCK * Float32Array.BYTES_PER_ELEMENT;

interface Kernel {
  readonly p: Float32Array;
  readonly g: Float32Array;
  readonly m: Float32Array;
  readonly v: Float32Array;
  update(bytes: number, ...constants: number[]): void;
}

let kernel: Kernel | undefined;

function loadKernel(): Kernel {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(moduleBytes()));
  const { memory, update } = exports as { memory: { buffer: ArrayBuffer }; update: Kernel['update'] };
  const block = (index: number) => new Float32Array(memory.buffer, index * BLOCK_BYTES, BLOCK);
  return { p: block(P), g: block(G), m: block(M), v: block(V), update };
}

/** Which block of memory is whose. */
const [P, G, M, V] = [0, 1, 2, 3];

/** One function and its memory, in WebAssembly's binary format (version 1, with SIMD). */
function moduleBytes(): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00], // "\0asm", version 1
    ...section(1, [1, 0x60, 1 + CONSTANTS, I32, ...Array<number>(CONSTANTS).fill(F32), 0]), // (i32, f32…) → ()
    ...section(3, [1, 0]), // one function of that type
    ...section(5, [1, 0x00, 4]), // a memory of four pages
    ...section(7, [2, ...exported('memory', 0x02), ...exported('update', 0x00)]),
    ...section(10, [1, ...sized([2, 1, I32, CONSTANTS + 3, V128, ...body(), END])]), // locals, then the code
  ]);
}

/** Numbers of the locals: the parameters come first, then their vectors, then what a turn of the loop computes. */
const CONSTANTS = 9;
const BYTES = 0;
const AT = 1 + CONSTANTS;
const [SCALE, BETA1, REST1, BETA2, REST2, KEPT, STRIDE, INVERSE, EPSILON] = [
  11, 12, 13, 14, 15, 16, 17, 18, 19,
] as const;
const [GRADIENT, FIRST, SECOND] = [20, 21, 22] as const;

function body(): number[] {
  const vectors = Array.from({ length: CONSTANTS }, (_, n) => [...get(1 + n), ...SPLAT, ...set(SCALE + n)]);
  return [
    ...vectors.flat(),
    ...[LOOP, NO_RESULT],
    ...set(GRADIENT, [...load(G), ...get(SCALE), ...MUL]),
    ...set(FIRST, [...get(BETA1), ...load(M), ...MUL, ...get(REST1), ...get(GRADIENT), ...MUL, ...ADD]),
    ...set(SECOND, [
      ...[...get(BETA2), ...load(V), ...MUL],
      ...[...get(REST2), ...get(GRADIENT), ...MUL, ...get(GRADIENT), ...MUL, ...ADD],
    ]),
    ...store(M, get(FIRST)),
    ...store(V, get(SECOND)),
    ...store(P, [
      ...[...load(P), ...get(KEPT), ...MUL],
      ...[...get(STRIDE), ...get(FIRST), ...MUL],
      ...[...get(SECOND), ...SQRT, ...get(INVERSE), ...MUL, ...get(EPSILON), ...ADD],
      ...[...DIV, ...SUB],
    ]),
    ...set(AT, [...get(AT), I32_CONST, 16, I32_ADD]),
    ...[...get(AT), ...get(BYTES), I32_LESS, BRANCH_IF, 0],
    END,
  ];
}

const get = (local: number): number[] => [0x20, local];
const set = (local: number, value: readonly number[] = []): number[] => [...value, 0x21, local];
const load = (block: number): number[] => [...get(AT), 0xfd, 0x00, ...place(block)];
const store = (block: number, value: readonly number[]): number[] => [
  ...get(AT),
  ...value,
  0xfd,
  0x0b,
  ...place(block),
];
/** aligned to 2⁴ bytes, so far behind `AT`. */
const place = (block: number): number[] => [4, ...leb128(block * BLOCK_BYTES)];

const [I32, F32, V128] = [0x7f, 0x7d, 0x7b] as const;
const [LOOP, NO_RESULT, END, BRANCH_IF] = [0x03, 0x40, 0x0b, 0x0d] as const;
const [I32_CONST, I32_ADD, I32_LESS] = [0x41, 0x6a, 0x49] as const;
const SPLAT = [0xfd, 0x13];
const [SQRT, ADD, SUB, MUL, DIV] = [0xe3, 0xe4, 0xe5, 0xe6, 0xe7].map((operator) => [0xfd, operator, 0x01]) as Vectors;
type Vectors = [number[], number[], number[], number[], number[]];

const section = (id: number, content: readonly number[]): number[] => [id, ...sized(content)];
const sized = (content: readonly number[]): number[] => [...leb128(content.length), ...content];
const exported = (name: string, kind: number): number[] => [...sized([...Buffer.from(name)]), kind, 0];

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
