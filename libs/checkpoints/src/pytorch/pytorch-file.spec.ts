import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as p from '../../../../test/support/pickle.js';
import {
  floats,
  storageFile,
  storageId,
  tensorPickle,
  torchArchive,
  torchFile,
  type TorchTensorData,
  type View,
} from '../../../../test/support/torch-file.js';
import { zipOf } from '../../../../test/support/zip.js';
import { SafetensorsFile } from '../safetensors-file.js';
import { writeSafetensors } from '../safetensors-writer.js';
import { PyTorchFile } from './pytorch-file.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'housestyle-pt-'));
});
afterAll(() => rm(folder, { recursive: true }));

let count = 0;
async function opened(bytes: Buffer): Promise<PyTorchFile> {
  const file = path.join(folder, `${count++}.pt`);
  await writeFile(file, bytes);
  return PyTorchFile.open(file, 'weights.pt');
}

const six = floats([2, 3], (n) => n);

/** One tensor out of a storage of the numbers 0 to 11. */
const viewed = (view: View) =>
  opened(
    zipOf(
      torchArchive(p.pickle(p.dict(['a', tensorPickle(storageId('FloatStorage', '0', 12), view)])), [
        storageFile('0', Buffer.from(Float32Array.from({ length: 12 }, (_, n) => n).buffer)),
      ]),
    ),
  );

describe('a file of torch.save', () => {
  it.each([[false], [true]])('gives its tensors, 64-bit zip records or not (%s)', async (isWide) => {
    const file = await opened(torchFile(new Map([['a', six]]), { isWide }));
    expect(file.names()).toEqual(['a']);
    expect(file.describe('a')).toEqual({ dtype: 'float32', dims: [2, 3] });
    expect(file.read('a')).toEqual(Float32Array.of(0, 1, 2, 3, 4, 5));
    expect(file.find('a')).toMatchObject({ type: 'float32', dims: [2, 3], length: 24 });
    expect([file.read('b'), file.find('b'), file.describe('b'), file.stream('b')]).toEqual(Array(4).fill(undefined));
    file.close();
  });

  it('reads half precision, bfloat16, whole numbers and no numbers at all', async () => {
    const of = (storage: TorchTensorData['storage'], data: ArrayBufferView<ArrayBuffer>, dims: number[]) =>
      ({ storage, dims, data: Buffer.from(data.buffer) }) as TorchTensorData;
    const file = await opened(
      torchFile(
        new Map([
          ['half', of('HalfStorage', Uint16Array.of(0x3c00, 0xc000), [2])],
          ['bfloat', of('BFloat16Storage', Uint16Array.of(0x3f80, 0xc000), [2])],
          ['long', of('LongStorage', BigInt64Array.of(-7n), [])],
          ['mask', of('BoolStorage', Uint8Array.of(1, 0), [2])],
          ['empty', floats([0, 3])],
        ]),
      ),
    );
    expect(file.read('half')).toEqual(Float32Array.of(1, -2));
    expect(file.read('bfloat')).toEqual(Float32Array.of(1, -2));
    expect(file.find('long')).toEqual({ type: 'int64', dims: [], data: BigInt64Array.of(-7n) });
    expect(() => file.read('mask')).toThrow('weights.pt tensor mask of bool is not a weight');
    expect(file.read('empty')).toEqual(new Float32Array());
  });

  it('gathers views: transposed, strided, in the middle, of nothing', async () => {
    expect((await viewed({ dims: [3, 4], strides: [1, 3] })).read('a')).toEqual(
      Float32Array.of(0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11),
    );
    expect((await viewed({ start: 1, dims: [3], strides: [5] })).read('a')).toEqual(Float32Array.of(1, 6, 11));
    expect((await viewed({ start: 6, dims: [2, 1, 3], strides: [3, 99, 1] })).find('a')).toMatchObject({ length: 24 });
    expect((await viewed({ start: 99, dims: [0], strides: [7] })).read('a')).toEqual(new Float32Array());
  });

  it('knows tensors that are one memory', async () => {
    const tied = { ...six, sharedWith: 'a' };
    const file = await opened(torchFile(new Map([...Object.entries({ a: six, b: tied, c: six })])));
    expect([file.isSame('a', 'b'), file.isSame('a', 'c'), file.isSame('a', 'none')]).toEqual([true, false, false]);
    expect(file.read('b')).toEqual(file.read('a'));
  });

  it('is written elsewhere without being held in memory', async () => {
    const file = await opened(torchFile(new Map([['a', six]])));
    const copy = path.join(folder, 'copy.safetensors');
    let bytes = 0;
    await writeSafetensors(copy, new Map([['a', file.stream('a')!]]), undefined, (count) => (bytes += count));
    expect(SafetensorsFile.open(copy).read('a')).toEqual(file.read('a'));
    expect(bytes).toBeGreaterThan(24);
    const large = await opened(torchFile(new Map([['a', floats([700_000], (n) => n)]])));
    const lengths = [...large.stream('a')!.pieces()].map(({ length }) => length);
    expect(lengths).toEqual([2 ** 20, 2 ** 20, 2_800_000 - 2 ** 21]);
  });

  it.each(['state_dict', 'model_state_dict'])('looks through a training’s %s', async (key) => {
    const tensor = tensorPickle(storageId('FloatStorage', '0', 1), { dims: [1] });
    const wrapped = p.pickle(p.dict(['epoch', p.int(3)], [key, p.dict(['a', tensor])]));
    const file = await opened(zipOf(torchArchive(wrapped, [storageFile('0', Buffer.alloc(4))])));
    expect(file.names()).toEqual(['a']);
  });
});
