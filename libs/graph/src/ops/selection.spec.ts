import { OnnxGraphRunner } from '@housestyle/runtime';
import { expect, it } from 'vitest';
import { GraphBuilder, type FloatValue, type Int64Value } from '../graph-builder.js';
import { fetched } from '../graph-runner.js';
import { float32, int64 } from '../tensor.js';
import { topK, topKInBlocks } from './selection.js';

const [ROWS, WIDTH] = [7, 60] as const;
/** Of few different values, so that many are equal. */
const values = Float32Array.from({ length: ROWS * WIDTH }, (_, n) => ((n * 2_654_435_761) % 97) % 13);

async function computed(f: (g: GraphBuilder, x: FloatValue, k: Int64Value) => [FloatValue, Int64Value], k: number) {
  const g = new GraphBuilder('test');
  const [best, ids] = f(g, g.input('x', 'float32', ['R', WIDTH]), g.input('k', 'int64', [1]));
  g.output('best', best, ['R', 'k']);
  g.output('ids', ids, ['R', 'k']);
  const session = await new OnnxGraphRunner({ threads: 1 }).load(g.build());
  const outputs = await session.run({ x: float32(values, [ROWS, WIDTH]), k: int64([k]) });
  await session.release();
  return { best: [...fetched(outputs, 'best', 'float32').data], ids: [...fetched(outputs, 'ids', 'int64').data] };
}

it.each([
  [1, 4],
  [5, 4],
  [5, 12],
  [17, 4], // more than there are blocks
  [WIDTH, 12],
])('finds the %i largest in blocks of %i, ties as they come', async (k, size) => {
  const inBlocks = await computed((g, x, count) => topKInBlocks(g, x, count, { width: WIDTH, size }), k);
  expect(inBlocks).toEqual(await computed(topK, k));
});
