import { float32, MemoryWeights, type Tensor } from '@housestyle/graph';
import { describe, expect, it } from 'vitest';
import { LowRankDelta, type Linears } from './low-rank-delta.js';

const LINEARS: Linears = new Map([
  ['net.0', [3, 4]],
  ['net.2', [4, 2]],
]);

const zeros = (...dims: number[]) => float32(new Float32Array(dims.reduce((count, dim) => count * dim, 1)), dims);

const GOOD: Readonly<Record<string, Tensor<'float32'>>> = {
  'net.0.A': float32([1, 2, 3, 4, 5, 6], [3, 2]),
  'net.0.B': zeros(2, 4),
};

const read = (tensors: Readonly<Record<string, Tensor<'float32'>>>) =>
  LowRankDelta.read(new MemoryWeights('delta.safetensors', new Map(Object.entries(tensors))), LINEARS);

describe('a low-rank delta', () => {
  it('changes some or all of the layers, each by a rank of its own', () => {
    const delta = read({ ...GOOD, 'net.2.A': zeros(4, 8), 'net.2.B': zeros(8, 2) });
    expect(delta.rank).toBe(8);
    expect(delta.bytes).toBe(4 * (6 + 8 + 32 + 16));
    expect(delta.pairs.get('net.0')).toMatchObject({ rank: 2, a: Float32Array.of(1, 2, 3, 4, 5, 6) });
    expect(read(GOOD).pairs.has('net.2')).toBe(false);
  });

  it.each([
    ['no tensors', {}, 'has no tensors'],
    [
      'a layer of another network',
      { ...GOOD, 'net.1.A': zeros(3, 2), 'net.1.B': zeros(2, 4) },
      'net.1.A belongs to no',
    ],
    ['a name that is neither A nor B', { ...GOOD, 'net.0.weight': zeros(4, 3) }, 'net.0.weight belongs to no'],
    ['an A alone', { 'net.0.A': zeros(3, 2) }, 'net.0.B is missing'],
    ['a B alone', { 'net.0.B': zeros(2, 4) }, 'net.0.A is missing'],
    ['an A of another width', { ...GOOD, 'net.0.A': zeros(5, 2) }, 'net.0.A is [5, 2]'],
    ['a B of another width', { ...GOOD, 'net.0.B': zeros(2, 5) }, 'net.0.B is [2, 5]'],
    ['an A and a B of two ranks', { ...GOOD, 'net.0.B': zeros(3, 4) }, 'net.0.B is [3, 4]'],
    ['a vector', { ...GOOD, 'net.0.A': zeros(6) }, 'has rank 0'],
    ['rank 0', { 'net.0.A': zeros(3, 0), 'net.0.B': zeros(0, 4) }, 'has rank 0'],
    ['a rank above all', { 'net.0.A': zeros(3, 9), 'net.0.B': zeros(9, 4) }, 'has rank 9, not 1 to 8'],
  ])('with %s does not fit', (_what, tensors, complaint) => {
    expect(() => read(tensors)).toThrow(complaint);
    expect(() => read(tensors)).toThrow(expect.objectContaining({ code: 'mapper_mismatch' }) as Error);
  });

  it.each([NaN, Infinity])('that holds %s is refused', (value) => {
    expect(() => read({ ...GOOD, 'net.0.B': float32(new Float32Array(8).fill(value), [2, 4]) })).toThrow(
      expect.objectContaining({ code: 'invalid_model' }) as Error,
    );
  });
});
