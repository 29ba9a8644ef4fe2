import { OnnxGraphRunner } from '@housestyle/runtime';
import { describe, expect, it } from 'vitest';
import { GraphBuilder, type FloatValue } from '../graph-builder.js';
import { fetched } from '../graph-runner.js';
import { elementCount, float32, type Tensor } from '../tensor.js';
import { batchNormalization, averagePool, conv } from './index.js';

const runner = new OnnxGraphRunner({ threads: 1 });

/** Two pictures of two channels, 5 × 5. */
const DIMS = [2, 2, 5, 5];
const x = float32(
  Float32Array.from({ length: 100 }, (_, i) => Math.sin(1 + 1.7 * i)),
  DIMS,
);
const at = (b: number, c: number, y: number, column: number): number =>
  y < 0 || y > 4 || column < 0 || column > 4 ? 0 : x.data[((b * 2 + c) * 5 + y) * 5 + column]!;

/** Of three channels out of two, 3 × 3. */
const kernel = float32(
  Float32Array.from({ length: 54 }, (_, i) => Math.cos(0.9 * i)),
  [3, 2, 3, 3],
);

describe('a convolution', () => {
  it.each([
    [1, 0],
    [1, 1],
    [2, 0],
    [2, 1],
  ])('of stride %i with padding %i is its sum', async (stride, padding) => {
    const side = Math.floor((5 + 2 * padding - 3) / stride) + 1;
    const y = await run((g, input) => conv(g, input, g.constant<'float32'>(kernel), stride, padding));
    expectEach(y, [2, 3, side, side], ([b, c, row, column]) => {
      let sum = 0;
      for (let i = 0; i < 18; i++) {
        const [channel, top, left] = [Math.floor(i / 9), Math.floor((i % 9) / 3), i % 3];
        const value = at(b, channel, row * stride + top - padding, column * stride + left - padding);
        sum += value * kernel.data[c * 18 + i]!;
      }
      return sum;
    });
  });
});

describe('averagePool', () => {
  it('is the mean of squares side by side, and leaves out what is left over', async () => {
    const y = await run((g, input) => averagePool(g, input, 2));
    expectEach(y, [2, 2, 2, 2], ([b, c, row, column]) => {
      const corners = [0, 1, 2, 3].map((i) => at(b, c, 2 * row + (i >> 1), 2 * column + (i % 2)));
      return corners.reduce((sum, value) => sum + value, 0) / 4;
    });
  });
});

describe('batchNormalization', () => {
  it('goes by the kept mean and variance of each channel', async () => {
    const [weight, bias, mean, variance] = [
      float32([1.5, -2]),
      float32([0.3, 0]),
      float32([0.2, -0.1]),
      float32([4, 0]),
    ];
    const y = await run((g, input) => {
      const value = (tensor: Tensor<'float32'>) => g.constant<'float32'>(tensor);
      const statistics = { weight: value(weight), bias: value(bias), mean: value(mean), variance: value(variance) };
      return batchNormalization(g, input, statistics, 0.25);
    });
    expectEach(y, DIMS, ([b, c, row, column]) => {
      const standardised = (at(b, c, row, column) - mean.data[c]!) / Math.sqrt(variance.data[c]! + 0.25);
      return standardised * weight.data[c]! + bias.data[c]!;
    });
  });
});

type Place = readonly [b: number, c: number, row: number, column: number];

async function run(f: (g: GraphBuilder, x: FloatValue) => FloatValue): Promise<Tensor<'float32'>> {
  const g = new GraphBuilder('test');
  g.output('y', f(g, g.input('x', 'float32', ['B', 2, 5, 5])), ['B', 'C', 'H', 'W']);
  const session = await runner.load(g.build());
  const y = fetched(await session.run({ x }), 'y', 'float32');
  await session.release();
  return y;
}

function expectEach(y: Tensor<'float32'>, dims: readonly number[], expected: (place: Place) => number): void {
  expect(y.dims).toEqual(dims);
  expect(y.data).toHaveLength(elementCount(dims));
  const [, C = 1, H = 1, W = 1] = dims;
  y.data.forEach((value, i) => {
    const place: Place = [Math.floor(i / (C * H * W)), Math.floor(i / (H * W)) % C, Math.floor(i / W) % H, i % W];
    expect(value, `at ${place.join()}`).toBeCloseTo(expected(place), 4);
  });
}
