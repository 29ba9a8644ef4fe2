import { fetched, float32, GraphBuilder, int64, op, type FloatValue, type Int64Value } from '@housestyle/graph';
import { OnnxGraphRunner } from '@housestyle/runtime';
import { expect, it } from 'vitest';
import { likeliest } from './layers.js';

const [ROWS, K] = [3, 40] as const;

async function best(words: number, f: (g: GraphBuilder, x: FloatValue, k: Int64Value) => [FloatValue, Int64Value]) {
  const g = new GraphBuilder('test');
  const [logProbs, ids] = f(g, g.input('x', 'float32', ['R', words]), g.input('k', 'int64', [1]));
  g.output('log_probs', logProbs, ['R', 'k']);
  g.output('ids', ids, ['R', 'k']);
  const model = g.build();
  const session = await new OnnxGraphRunner({ threads: 1 }).load(model);
  const logits = Float32Array.from({ length: ROWS * words }, (_, n) => ((n * 7919) % 4001) / 500); // many are equal
  const outputs = await session.run({ x: float32(logits, [ROWS, words]), k: int64([K]) });
  await session.release();
  const isInBlocks = model.operators!().some(({ opType }) => opType === 'GatherND');
  const found = { logProbs: fetched(outputs, 'log_probs', 'float32').data, ids: fetched(outputs, 'ids', 'int64').data };
  return { isInBlocks, found };
}

it.each([
  { words: 29 * 300, isInBlocks: true },
  { words: 8209, isInBlocks: false }, // a prime
  { words: 1024, isInBlocks: false },
])('the likeliest of $words words are those of them all', async ({ words, isInBlocks }) => {
  const whole = await best(words, (g, x, k) => op.topK(g, op.logSoftmax(g, x), k));
  expect(await best(words, (g, x, k) => likeliest({ g } as Parameters<typeof likeliest>[0], x, k, words))).toEqual({
    ...whole,
    isInBlocks,
  });
});
