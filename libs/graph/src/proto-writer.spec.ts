import { describe, expect, it } from 'vitest';
import { ProtoWriter } from './proto-writer.js';

const hex = (write: (writer: ProtoWriter) => void): string => {
  const writer = new ProtoWriter();
  write(writer);
  return Buffer.from(writer.finish()).toString('hex');
};

/** Expected bytes are the examples of protobuf's own encoding guide, or follow from it by hand. */
describe('ProtoWriter', () => {
  it.each([
    [0, '0800'],
    [127, '087f'],
    [128, '088001'],
    [150, '089601'],
    [-1, '08ffffffffffffffffff01'],
    [2n ** 63n - 1n, '08ffffffffffffffff7f'],
    [-(2n ** 63n), '0880808080808080808001'],
  ])('writes the integer %s as a varint', (value, expected) => {
    expect(hex((writer) => writer.int(1, value))).toBe(expected);
  });

  it('writes strings as UTF-8 with their length in bytes', () => {
    expect(hex((writer) => writer.string(2, 'testing'))).toBe('120774657374696e67');
    expect(hex((writer) => writer.string(2, 'ü'))).toBe('1202c3bc');
    expect(hex((writer) => writer.string(2, ''))).toBe('1200');
  });

  it('writes floats as 32 bits, little-endian', () => {
    expect(hex((writer) => writer.float(2, 1))).toBe('150000803f');
  });

  it('writes field numbers above 15 as two bytes', () => {
    expect(hex((writer) => writer.int(20, 2))).toBe('a00102');
  });

  it('writes nested messages with the length of all they hold', () => {
    const nested = hex((writer) => writer.message(3, (inner) => inner.int(1, 150)));
    expect(nested).toBe('1a03089601');
    const deep = hex((writer) => writer.message(3, (a) => a.message(3, (b) => b.bytes(1, new Uint8Array(200)))));
    expect(deep.slice(0, 18)).toBe('1ace011acb010ac801');
    expect(deep.length / 2).toBe(3 + 3 + 3 + 200);
  });
});
