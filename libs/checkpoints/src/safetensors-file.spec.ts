import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DomainError } from '@housestyle/domain';
import { float32, int64, uint8, type Tensor } from '@housestyle/graph';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SafetensorsFile } from './safetensors-file.js';
import { MAX_HEADER_BYTES } from './safetensors-header.js';
import { encodeSafetensors, type WritableType } from './safetensors-writer.js';

let folder: string;
let count = 0;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'safetensors-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function fileOf(bytes: Uint8Array): Promise<string> {
  const file = path.join(folder, `${count++}.safetensors`);
  await writeFile(file, bytes);
  return file;
}

const good = encodeSafetensors(
  new Map<string, Tensor<WritableType>>([
    ['a', float32([1, 2, 3, 4, 5, 6], [2, 3])],
    ['b', int64([7, -8])],
    ['c', float32([9], [])],
  ]),
);

/** A file with this header, as it stands, before `dataBytes` zeroes. */
function withHeader(header: unknown, dataBytes: number): Buffer {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, Buffer.alloc(dataBytes)]);
}

const f32 = (shape: readonly unknown[], begin: number, end: number) => ({
  dtype: 'F32',
  shape,
  data_offsets: [begin, end],
});

async function complaintOf(bytes: Uint8Array): Promise<string> {
  const file = await fileOf(bytes);
  try {
    SafetensorsFile.open(file, 'model.safetensors');
  } catch (error) {
    expect(error).toBeInstanceOf(DomainError);
    expect(error).toHaveProperty('code', 'corrupt_checkpoint');
    return (error as DomainError).message;
  }
  throw new Error('the file was taken for good');
}

describe('SafetensorsFile', () => {
  it('reads back what the writer wrote', async () => {
    const opened = SafetensorsFile.open(await fileOf(good));
    expect([...opened.names()].sort()).toEqual(['a', 'b', 'c']);
    expect(opened.tensor('a')).toEqual(float32([1, 2, 3, 4, 5, 6], [2, 3]));
    expect(opened.tensor('b')).toEqual(int64([7, -8]));
    expect(opened.tensor('c')).toEqual(float32([9], []));
    expect(opened.read('a')).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6));
    expect(opened.find('d')).toBeUndefined();
  });

  it('hands fp32 out by reference into the file, through symbolic links', async () => {
    const file = await fileOf(good);
    const link = path.join(folder, 'link');
    await symlink(file, link);
    const found = SafetensorsFile.open(link).find('a');
    expect(found).toMatchObject({ type: 'float32', dims: [2, 3], file, length: 24 });
    const { offset } = found as { offset: number };
    expect(good.readFloatLE(offset)).toBe(1);
    expect(offset % 8).toBe(0);
  });

  it('copies fp32 that does not lie on a multiple of four bytes', async () => {
    const json = JSON.stringify({ a: f32([1], 0, 4) });
    const odd = json.padEnd(Math.ceil(json.length / 4) * 4 + 1);
    expect(SafetensorsFile.open(await fileOf(withHeader(odd, 4))).find('a')).toEqual(float32([0]));
  });

  it('widens half precision exactly', async () => {
    const halves = Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7bff, 0x7c00, 0x8000);
    const bytes = encodeSafetensors(new Map([['h', { type: 'float16', data: halves, dims: [6] }]]));
    expect(SafetensorsFile.open(await fileOf(bytes)).find('h')).toEqual(
      float32([1, -2, 2 ** -24, 65504, Infinity, -0]),
    );
    const header = withHeader({ h: { dtype: 'BF16', shape: [3], data_offsets: [0, 6] } }, 0);
    const brain = Buffer.concat([header, Buffer.from(Uint16Array.of(0x3f80, 0xc000, 0x4049).buffer)]);
    expect(SafetensorsFile.open(await fileOf(brain)).find('h')).toEqual(float32([1, -2, 3.140625]));
  });

  it('says which file and which tensor is cut short', async () => {
    const complaint = await complaintOf(good.subarray(0, good.length - 1));
    expect(complaint).toMatch(/^model\.safetensors is truncated: tensor c ends at byte \d+, the file at \d+$/);
  });

  it.each([
    ['an empty file', Buffer.alloc(0), 'too few for a header'],
    ['a file that ends inside its header', good.subarray(0, 40), 'truncated inside its header'],
    ['a header larger than any', withHeaderLength(BigInt(MAX_HEADER_BYTES) + 1n), 'claims a header'],
    ['a header length of 64 bits', withHeaderLength(2n ** 64n - 1n), 'claims a header'],
    ['a header that is not JSON', withHeader('{"a":', 0), 'not JSON'],
    ['a header that is not UTF-8', Buffer.concat([withHeaderLength(2n), Buffer.from([0xff, 0xfe])]), 'not JSON'],
    ['a header that is a list', withHeader([], 0), 'not a JSON object'],
    [
      'an unknown element type',
      withHeader({ a: { ...f32([1], 0, 4), dtype: 'F31' } }, 4),
      'tensor a is of unknown type F31',
    ],
    ['an inherited name for a type', withHeader({ a: { ...f32([1], 0, 4), dtype: 'toString' } }, 4), 'unknown type'],
    ['a tensor that is null', withHeader({ a: null }, 0), 'tensor a is of unknown type'],
    ['a negative dimension', withHeader({ a: f32([-1], 0, 4) }, 4), 'tensor a has no valid shape'],
    ['half a dimension', withHeader({ a: f32([0.5], 0, 2) }, 2), 'tensor a has no valid shape'],
    ['a shape beyond all numbers', withHeader({ a: f32([2 ** 52, 2 ** 52], 0, 4) }, 4), 'not 8.1'],
    ['fewer bytes than the shape needs', withHeader({ a: f32([2], 0, 4) }, 4), 'has 4 bytes, not 8'],
    ['an end before the beginning', withHeader({ a: f32([1], 8, 4) }, 8), 'has -4 bytes, not 4'],
    ['overlapping tensors', withHeader({ a: f32([2], 0, 8), b: f32([2], 4, 12) }, 12), 'tensor b overlaps'],
    ['two tensors in one place', withHeader({ a: f32([1], 0, 4), b: f32([1], 0, 4) }, 4), 'tensor b overlaps'],
    ['a gap', withHeader({ a: f32([1], 0, 4), b: f32([1], 8, 12) }, 12), 'tensor b leaves a gap'],
    ['bytes after the end', Buffer.concat([good, Buffer.alloc(3)]), 'has 3 bytes after its last tensor'],
  ])('refuses %s', async (_what, bytes, complaint) => {
    expect(await complaintOf(bytes)).toContain(complaint);
  });

  it('refuses every file that is cut, and survives every flipped header bit', async () => {
    for (let length = 0; length < good.length; length += 3) await complaintOf(good.subarray(0, length));
    const headerBytes = Number(good.readBigUInt64LE(0));
    for (let bit = 0; bit < (8 + headerBytes) * 8; bit += 7) {
      const flipped = Buffer.from(good);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      const file = await fileOf(flipped);
      try {
        SafetensorsFile.open(file).names();
      } catch (error) {
        expect(error).toHaveProperty('code', 'corrupt_checkpoint');
      }
    }
  });

  it('opens a file with types it cannot use, and refuses only those tensors', async () => {
    const header = { mask: { dtype: 'BOOL', shape: [4], data_offsets: [0, 4] }, a: f32([1], 4, 8) };
    const opened = SafetensorsFile.open(await fileOf(withHeader(header, 8)));
    expect(opened.read('a')).toEqual(Float32Array.of(0));
    expect(() => opened.tensor('mask')).toThrow('tensor mask is of type BOOL, which is not supported');
    const bytes = SafetensorsFile.open(await fileOf(encodeSafetensors(new Map([['u', uint8(Uint8Array.of(1))]]))));
    expect(bytes.tensor('u')?.data).toEqual(Uint8Array.of(1));
    expect(() => bytes.read('u')).toThrow('not a weight');
  });

  it('says that there is no such file', () => {
    expect(() => SafetensorsFile.open(path.join(folder, 'none'), 'none')).toThrow('none cannot be opened');
  });
});

function withHeaderLength(length: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(length);
  return bytes;
}
