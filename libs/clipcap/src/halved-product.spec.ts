import { fetched, float32, GraphBuilder, MemoryWeights, type GraphModel } from '@housestyle/graph';
import { OnnxGraphRunner } from '@housestyle/runtime';
import { expect, it } from 'vitest';
import { conv1d } from './gpt2-layers.js';
import { areHalvesQuicker } from './halved-product.js';
import type { LinearSizes } from './layers.js';

const SHAPE: LinearSizes = [3072, 24];
const [ROWS, [INPUT, OUTPUT]] = [5, SHAPE];
const numbers = (count: number, seed: number) => Float32Array.from({ length: count }, (_, n) => Math.sin(seed + n * n));
const weights = new MemoryWeights(
  'test',
  new Map([
    ['c_proj.weight', float32(numbers(INPUT * OUTPUT, 1), [INPUT, OUTPUT])],
    ['c_proj.bias', float32(numbers(OUTPUT, 2))],
  ]),
);

function product(isTrained: boolean): GraphModel {
  const g = new GraphBuilder('product');
  const x = g.input('x', 'float32', [ROWS, INPUT]);
  g.output('y', conv1d({ g, weights, isTrained }, x, 'c_proj', SHAPE), [ROWS, OUTPUT]);
  return g.build();
}

it('a product in two halves is what one in a piece is', async () => {
  expect(areHalvesQuicker(SHAPE)).toBe(true);
  const runner = new OnnxGraphRunner({ threads: 1 });
  const [inHalves, whole] = await Promise.all(
    [false, true].map(async (isTrained) => {
      const session = await runner.load(product(isTrained));
      const outputs = await session.run({ x: float32(numbers(ROWS * INPUT, 3), [ROWS, INPUT]) });
      await session.release();
      return fetched(outputs, 'y', 'float32').data;
    }),
  );
  inHalves!.forEach((value, n) => expect(value).toBeCloseTo(whole![n]!, 4));
});
