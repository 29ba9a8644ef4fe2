import { OnnxGraphRunner } from '@housestyle/runtime';
import { expect, it } from 'vitest';
import { GraphBuilder, type FloatValue } from '../graph-builder.js';
import { fetched } from '../graph-runner.js';
import { float32 } from '../tensor.js';
import { maskedSoftmax, softmax } from './normalisation.js';

const HIDDEN = -1e9;

async function computed(f: (g: GraphBuilder, x: FloatValue) => FloatValue, rows: readonly (readonly number[])[]) {
  const g = new GraphBuilder('test');
  g.output('y', f(g, g.input('x', 'float32', ['N', 'C'])), ['N', 'C']);
  const session = await new OnnxGraphRunner({ threads: 1 }).load(g.build());
  const { data } = fetched(
    await session.run({ x: float32(rows.flat(), [rows.length, rows[0]!.length]) }),
    'y',
    'float32',
  );
  await session.release();
  return [...data];
}

it('a masked softmax gives what is seen the shares that a plain one gives', async () => {
  const rows = [
    [0.5, HIDDEN, HIDDEN, HIDDEN],
    [0.5, -1.25, HIDDEN, HIDDEN],
    [-300, -301, HIDDEN + 300, HIDDEN], // what is hidden would be liked far better
    [40, 39, -40, -70],
  ];
  const [masked, plain] = [await computed(maskedSoftmax, rows), await computed(softmax, rows)];
  masked.forEach((share, n) => expect(Math.abs(share - plain[n]!), `value ${n}`).toBeLessThan(1e-25));
});

it('a masked softmax has no share that is too small to be a normal number', async () => {
  const shares = await computed(maskedSoftmax, [[0, -87, -100, HIDDEN]]);
  expect(shares.every((share) => share > 2 ** -126)).toBe(true);
});
