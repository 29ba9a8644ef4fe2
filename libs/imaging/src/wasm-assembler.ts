/** As much of WebAssembly's binary format as a module of a few SIMD loops needs. An instruction is its bytes. */
export type Code = readonly number[];

export const unsigned = (value: number): number[] =>
  value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)];

function signed(value: number): number[] {
  const low = value & 127;
  const rest = value >> 7;
  const isLast = (rest === 0 && (low & 64) === 0) || (rest === -1 && (low & 64) !== 0);
  return isLast ? [low] : [low | 128, ...signed(rest)];
}

const simd = (opcode: number): number[] => [0xfd, ...unsigned(opcode)];
/** alignment is only a hint: none is promised */
const memory = (offset = 0): number[] => [0, ...unsigned(offset)];

export const get = (local: number): Code => [0x20, local];
export const set = (local: number, ...value: Code[]): Code => [...value.flat(), 0x21, local];
export const number32 = (value: number): Code => [0x41, ...signed(value)];
export const load32 = (address: Code): Code => [...address, 0x28, ...memory()];
export const store32 = (address: Code, value: Code): Code => [...address, ...value, 0x36, ...memory()];
export const store64 = (address: Code, value: Code): Code => [...address, ...value, 0x37, ...memory()];
export const add32 = (a: Code, b: Code): Code => [...a, ...b, 0x6a];
export const isBelow = (a: Code, b: Code): Code => [...a, ...b, 0x49];
/** Runs `body` again as long as `condition` holds after it. */
export const repeatWhile = (condition: Code, ...body: Code[]): Code => [
  ...[0x03, 0x40, ...body.flat()],
  ...[...condition, 0x0d, 0, 0x0b],
];

export const loadVector = (address: Code): Code => [...address, ...simd(0x00), ...memory()];
/** 8 bytes as 8 × 16 bits */
export const loadBytesAs16 = (address: Code): Code => [...address, ...simd(0x02), ...memory()];
/** 32 bits, four times */
export const loadSplat32 = (address: Code, offset = 0): Code => [...address, ...simd(0x09), ...memory(offset)];
export const vector = (bytes: readonly number[]): Code => [...simd(0x0c), ...bytes];
export const swizzle = (bytes: Code, places: Code): Code => [...bytes, ...places, ...simd(0x0e)];
export const splat32 = (value: Code): Code => [...value, ...simd(0x11)];
export const lane32 = (value: Code): Code => [...value, ...simd(0x1b), 0];
export const lane64 = (value: Code): Code => [...value, ...simd(0x1d), 0];
/** 2 × 4 × 32 bits, signed, to 8 bytes, saturated at 0 and 255 */
export const narrowToBytes = (low: Code, high: Code): Code => {
  const as16 = [...low, ...high, ...simd(0x85)];
  return [...as16, ...vector(Array<number>(16).fill(0)), ...simd(0x66)];
};
export const lowAs32 = (value: Code): Code => [...value, ...simd(0xa9)];
export const highAs32 = (value: Code): Code => [...value, ...simd(0xaa)];
export const shiftLeft = (value: Code, bits: number): Code => [...value, ...number32(bits), ...simd(0xab)];
export const shiftRight = (value: Code, bits: number): Code => [...value, ...number32(bits), ...simd(0xac)];
export const addVectors = (a: Code, b: Code): Code => [...a, ...b, ...simd(0xae)];
export const multiply = (a: Code, b: Code): Code => [...a, ...b, ...simd(0xb5)];
/** pairs of 16 bits, signed, multiplied and added: 4 × 32 bits */
export const dot = (a: Code, b: Code): Code => [...a, ...b, ...simd(0xba)];

export interface WasmFunction {
  readonly name: string;
  /** all of 32 bits, the first locals */
  readonly parameters: number;
  /** further locals: those of 32 bits, then those of 128 */
  readonly numbers: number;
  readonly vectors: number;
  readonly body: readonly Code[];
}

/** A module that exports `memory` and `functions`, which return nothing. */
export function assemble(functions: readonly WasmFunction[]): Uint8Array<ArrayBuffer> {
  const [i32, v128] = [0x7f, 0x7b];
  const list = (entries: readonly Code[]): number[] => [...unsigned(entries.length), ...entries.flat()];
  const sized = (bytes: readonly number[]): number[] => [...unsigned(bytes.length), ...bytes];
  const section = (id: number, entries: readonly Code[]): number[] => [id, ...sized(list(entries))];
  const name = (text: string): number[] => sized([...Buffer.from(text)]);
  const code = ({ numbers, vectors, body }: WasmFunction): number[] =>
    sized([
      ...list([
        [...unsigned(numbers), i32],
        [...unsigned(vectors), v128],
      ]),
      ...body.flat(),
      0x0b,
    ]);
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(
      1,
      functions.map(({ parameters }) => [0x60, ...list(Array<Code>(parameters).fill([i32])), 0]),
    ),
    ...section(
      3,
      functions.map((_, index) => unsigned(index)),
    ),
    ...section(5, [[0, 1]]),
    ...section(7, [
      [...name('memory'), 2, 0],
      ...functions.map((entry, index) => [...name(entry.name), 0, ...unsigned(index)]),
    ]),
    ...section(10, functions.map(code)),
  ]);
}
