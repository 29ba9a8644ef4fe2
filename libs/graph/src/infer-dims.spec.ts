import { OnnxGraphRunner } from '@housestyle/runtime';
import { describe, expect, it } from 'vitest';
import { GraphBuilder, type FloatValue } from './graph-builder.js';
import { fetched } from './graph-runner.js';
import type { Dim } from './onnx-proto.js';
import * as op from './ops/index.js';
import { elementCount, float32 } from './tensor.js';

type Function = (g: GraphBuilder, ...inputs: FloatValue[]) => FloatValue;

/** What the named sizes are when the graph runs. */
const SIZES: Readonly<Record<string, number>> = { B: 2, H: 3, L: 4, N: 5 };

const INFERRED: readonly [name: string, f: Function, shapes: readonly (readonly Dim[])[], expected: readonly Dim[]][] =
  [
    [
      'a + b',
      op.add,
      [
        ['N', 3],
        ['N', 3],
      ],
      ['N', 3],
    ],
    ['a · b, b broadcast along a new axis', op.mul, [['B', 'N', 3], [3]], ['B', 'N', 3]],
    [
      'a - b, both broadcast',
      op.sub,
      [
        ['N', 1],
        [1, 3],
      ],
      ['N', 3],
    ],
    ['a / b, b a scalar', op.div, [['N'], []], ['N']],
    ['tanh', op.tanh, [['N', 3]], ['N', 3]],
    ['softmax', op.softmax, [['B', 'L']], ['B', 'L']],
    ['layer norm', (g, x, w, b) => op.layerNormalization(g, x, w, b, 1e-5), [['N', 8], [8], [8]], ['N', 8]],
    ['gemm', (g, x, w, b) => op.gemm(g, x, w, b), [['N', 3], [3, 4], [4]], ['N', 4]],
    [
      'gemm, both turned',
      (g, x, w) => op.gemm(g, x, w, undefined, { transA: true, transB: true }),
      [
        [3, 'N'],
        [4, 3],
      ],
      ['N', 4],
    ],
    [
      'matMul, one matrix for all',
      op.matMul,
      [
        ['B', 'L', 3],
        [3, 4],
      ],
      ['B', 'L', 4],
    ],
    [
      'fusedMatMul, b turned',
      (g, a, b) => op.fusedMatMul(g, a, b, { transB: true }),
      [
        ['B', 'H', 'L', 6],
        ['B', 'H', 'N', 6],
      ],
      ['B', 'H', 'L', 'N'],
    ],
    ['transpose', (g, x) => op.transpose(g, x, [0, 2, 1]), [['B', 'L', 3]], ['B', 3, 'L']],
    ['split', (g, x) => op.split(g, x, 3, 1)[1]!, [['B', 6, 'L']], ['B', 2, 'L']],
    ['gather', (g, x) => op.gather(g, x, g.ints(1, 0)), [['N', 3]], [2, 3]],
    ['where', (g, x) => op.where(g, op.greater(g, x, g.float(0)), x, g.float(0)), [['N', 3]], ['N', 3]],
  ];

describe('the dimensions of', () => {
  it.each(INFERRED)('%s are known, and those it has', async (_, f, shapes, expected) => {
    const g = new GraphBuilder('test');
    const y = f(g, ...shapes.map((dims, n) => g.input(`x${n}`, 'float32', dims)));
    expect(y.dims).toEqual(expected);
    g.output('y', y, expected);
    const session = await runner.load(g.build());
    const zeros = (dims: readonly Dim[]) => float32(new Float32Array(elementCount(sizes(dims))), sizes(dims));
    const inputs = Object.fromEntries(shapes.map((dims, n) => [`x${n}`, zeros(dims)]));
    expect(fetched(await session.run(inputs), 'y', 'float32').dims).toEqual(sizes(expected));
  });

  it.each<[string, Function, readonly (readonly Dim[])[]]>([
    ['two names that may be 1', op.add, [['N'], ['B']]],
    ['a name and a number that may be 1', op.add, [['N'], [3]]],
    [
      'batches of other names',
      op.matMul,
      [
        ['B', 'L', 3],
        ['H', 3, 4],
      ],
    ],
    ['parts of a named size', (g, x) => op.split(g, x, 2, 0)[0]!, [['N']]],
    ['rows along another axis', (g, x) => op.gather(g, x, g.ints(0), 1), [['N', 3]]],
    ['what reads its shape when it runs', (g, x) => op.reshape(g, x, [-1]), [['N', 3]]],
  ])('%s are not known', (_, f, shapes) => {
    const g = new GraphBuilder('test');
    expect(f(g, ...shapes.map((dims, n) => g.input(`x${n}`, 'float32', dims))).dims).toBeUndefined();
  });
});

const runner = new OnnxGraphRunner({ threads: 1 });

const sizes = (dims: readonly Dim[]) => dims.map((dim) => (typeof dim === 'number' ? dim : SIZES[dim]!));
