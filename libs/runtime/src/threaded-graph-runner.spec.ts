import { fetched, float32, GraphBuilder, MemoryWeights, op } from '@housestyle/graph';
import { expect, it } from 'vitest';
import { runnersBeside, ThreadedGraphRunner } from '@housestyle/runtime'; // threads run built code

it('runs a graph in a thread of its own, what was fed staying here', async () => {
  const g = new GraphBuilder('doubled');
  const x = g.input('x', 'float32', ['B']);
  g.output('y', op.add(g, x, x), ['B']);
  const session = await new ThreadedGraphRunner().load(g.build(), { threads: 1 });
  expect([session.inputNames, session.outputNames]).toEqual([['x'], ['y']]);
  const fed = float32([1, 2, 3]);
  expect([...fetched(await session.run({ x: fed }), 'y', 'float32').data]).toEqual([2, 4, 6]);
  expect([...fed.data]).toEqual([1, 2, 3]);
  await session.release();
  await expect(session.run({ x: fed })).rejects.toMatchObject({ code: 'captioner_unavailable' });
});

it('says why a graph is refused', async () => {
  const g = new GraphBuilder('broken');
  const weights = new MemoryWeights('w', new Map([['w', float32([1, 2], [2])]]));
  g.output('y', op.add(g, g.input('x', 'float32', [3]), g.weight(weights, 'w')), [3]);
  await expect(new ThreadedGraphRunner().load(g.build())).rejects.toMatchObject({ code: 'invalid_model' });
});

it('leaves one core to the calling thread', () => {
  expect(runnersBeside(1)).toEqual([]);
  expect(runnersBeside(3)).toHaveLength(2);
});
