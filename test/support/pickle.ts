/** Pickles by hand, instruction by instruction: what Python would write, and what only an attacker would. */
export const pickle = (...instructions: Buffer[]): Buffer<ArrayBuffer> =>
  Buffer.concat([proto(2), ...instructions, STOP]);

export const proto = (version: number): Buffer<ArrayBuffer> => Buffer.of(0x80, version);
export const STOP = Buffer.from('.');
export const MARK = Buffer.from('(');
export const NONE = Buffer.from('N');
export const TRUE = Buffer.of(0x88);
export const FALSE = Buffer.of(0x89);
export const EMPTY_DICT = Buffer.from('}');
export const EMPTY_LIST = Buffer.from(']');
export const EMPTY_TUPLE = Buffer.from(')');
export const TUPLE = Buffer.from('t');
export const TUPLE1 = Buffer.of(0x85);
export const REDUCE = Buffer.from('R');
export const BUILD = Buffer.from('b');
export const BINPERSID = Buffer.from('Q');
export const SETITEM = Buffer.from('s');
export const SETITEMS = Buffer.from('u');
export const APPENDS = Buffer.from('e');
export const STACK_GLOBAL = Buffer.of(0x93);
export const NEWOBJ = Buffer.of(0x81);
export const MEMOIZE = Buffer.of(0x94);

export const global = (module: string, name: string): Buffer<ArrayBuffer> => Buffer.from(`c${module}\n${name}\n`);
export const text = (value: string): Buffer<ArrayBuffer> => {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from('X'), unsigned(bytes.length, 4), bytes]);
};
export const bytes = (value: Buffer): Buffer<ArrayBuffer> =>
  Buffer.concat([Buffer.from('B'), unsigned(value.length, 4), value]);
/** From 0 to 2^31 − 1, or as a long of 8 bytes. */
export const int = (value: number | bigint): Buffer<ArrayBuffer> => {
  if (value >= 0 && value < 2 ** 31) return Buffer.concat([Buffer.from('J'), unsigned(Number(value), 4)]);
  const long = Buffer.alloc(8);
  long.writeBigInt64LE(BigInt(value));
  return Buffer.concat([Buffer.of(0x8a, 8), long]);
};
export const put = (index: number): Buffer<ArrayBuffer> => Buffer.concat([Buffer.from('r'), unsigned(index, 4)]);
export const get = (index: number): Buffer<ArrayBuffer> => Buffer.concat([Buffer.from('j'), unsigned(index, 4)]);
export const tuple = (...items: Buffer[]): Buffer<ArrayBuffer> => Buffer.concat([MARK, ...items, TUPLE]);
export const list = (...items: Buffer[]): Buffer<ArrayBuffer> => Buffer.concat([EMPTY_LIST, MARK, ...items, APPENDS]);
export const dict = (...items: (readonly [string, Buffer])[]): Buffer<ArrayBuffer> =>
  Buffer.concat([EMPTY_DICT, MARK, ...items.flatMap(([key, value]) => [text(key), value]), SETITEMS]);
export const call = (callable: Buffer, ...args: Buffer[]): Buffer<ArrayBuffer> =>
  Buffer.concat([callable, tuple(...args), REDUCE]);

function unsigned(value: number, size: number): Buffer {
  const encoded = Buffer.alloc(size);
  encoded.writeUIntLE(value, 0, size);
  return encoded;
}
