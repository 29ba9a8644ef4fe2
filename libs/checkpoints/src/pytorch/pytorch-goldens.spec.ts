import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ClipCapFeatures } from './clipcap-features.js';
import { PyTorchFile } from './pytorch-file.js';

/** Written by PyTorch itself: goldens/make_goldens.py. */
const golden = (name: string): string => path.join(import.meta.dirname, 'goldens', name);

interface Expected {
  readonly kinds: Record<string, { readonly dtype: string; readonly dims: number[]; readonly values: number[] }>;
  readonly embeddings: number[];
}
const expected = JSON.parse(readFileSync(golden('expected.json'), 'utf8')) as Expected;

describe('files that PyTorch wrote', () => {
  const kinds = PyTorchFile.open(golden('kinds.pt'));

  it.each(Object.entries(expected.kinds))('hold %s', (name, { dtype, dims, values }) => {
    expect(kinds.describe(name)).toEqual({ dtype, dims });
    if (['uint8', 'bool'].includes(dtype)) expect([...kinds.stream(name)!.pieces()][0]).toEqual(Buffer.from(values));
    else if (dtype === 'int64') expect(kinds.find(name)).toMatchObject({ data: BigInt64Array.from(values, BigInt) });
    else expect(kinds.read(name)).toEqual(Float32Array.from(values));
  });

  it('show memory shared where it is, and where it only looks alike', () => {
    expect(kinds.names()).toEqual(Object.keys(expected.kinds));
    expect(kinds.isSame('parameter', 'same_parameter')).toBe(true);
    expect(kinds.isSame('float32', 'whole')).toBe(true);
    expect(kinds.isSame('float32', 'transposed')).toBe(false);
  });

  it('may be a training’s whole state, or without checksums', () => {
    expect(PyTorchFile.open(golden('training.pt')).names()).toEqual(['weight', 'bias']);
    expect(PyTorchFile.open(golden('no-checksums.pt')).read('a')).toEqual(Float32Array.of(1, 1));
  });

  it.each([
    ['before-1.6.pt', 'unsupported_checkpoint', 'the format before PyTorch 1.6'],
    ['torchscript.pt', 'unsupported_checkpoint', 'a TorchScript archive'],
    ['module.pt', 'unsafe_checkpoint', 'asks for torch.nn.modules.linear.Linear'],
    ['complex.pt', 'unsafe_checkpoint', 'asks for torch.ComplexFloatStorage'],
    ['sparse.pt', 'unsafe_checkpoint', 'asks for torch._utils._rebuild_sparse_tensor'],
  ])('%s is refused: %s', (name, code, complaint) => {
    expect(() => PyTorchFile.open(golden(name))).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(complaint) as string }) as Error,
    );
  });
});

describe('features that the official code pickled', () => {
  it.each([3, 4, 5])('are read as data, in protocol %i', (protocol) => {
    const features = ClipCapFeatures.open(golden(`features-protocol-${protocol}.pkl`));
    expect([features.numRows, features.width]).toEqual([3, 4]);
    const values = [...features.rows()].flatMap(({ buffer, byteOffset, byteLength }) => [
      ...new Float32Array(buffer, byteOffset, byteLength / 4),
    ]);
    expect(values).toEqual(expected.embeddings);
    expect(features.captions).toEqual([
      { caption: 'A man with a red helmet.', row: 0, file: '391895' },
      { caption: 'A woman cutting a café’s cake.', row: 2, file: '522418' },
    ]);
    features.close();
  });

  it('are refused when they are of NumPy', () => {
    expect(() => ClipCapFeatures.open(golden('features-of-numpy.pkl'))).toThrow('asks for numpy');
  });
});
