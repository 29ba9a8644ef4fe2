import { OnnxGraphRunner } from '@housestyle/runtime';
import { describe, expect, it } from 'vitest';
import { GraphBuilder, type FloatValue, type Int64Value, type Value } from '../graph-builder.js';
import { fetched } from '../graph-runner.js';
import * as op from '../ops/index.js';
import { elementCount, float32, int64, type Tensor } from '../tensor.js';
import { gradients } from './gradients.js';

const runner = new OnnxGraphRunner({ threads: 1 });

type Function = (g: GraphBuilder, ...inputs: FloatValue[]) => FloatValue;

/** What is tried: a function and the shapes of what it is differentiated by. */
const CASES: readonly [name: string, f: Function, ...shapes: (readonly number[])[]][] = [
  ['a + b', op.add, [2, 3], [2, 3]],
  ['a + b, b broadcast along a new axis', op.add, [2, 3], [3]],
  ['a + b, a broadcast along a kept axis', op.add, [2, 1, 3], [2, 4, 3]],
  ['a + b, both broadcast', op.add, [4, 1], [1, 3]],
  ['a + b, b a scalar', op.add, [2, 3], []],
  ['a - b, b broadcast', op.sub, [2, 3], [1, 3]],
  ['a · b', op.mul, [2, 3], [2, 3]],
  ['a · b, b broadcast', op.mul, [2, 3, 2], [3, 1]],
  ['a · a', (g, a) => op.mul(g, a, a), [2, 3]],
  ['a · constant', (g, a) => op.mul(g, a, g.float(3)), [2, 3]],
  ['constant - a', (g, a) => op.sub(g, g.constant<'float32'>(float32([1, 2, 3])), a), [2, 3]],
  ['a / b', (g, a, b) => op.div(g, a, op.add(g, op.mul(g, b, b), g.float(1))), [2, 3], [3]],
  ['-a', op.neg, [3]],
  ['eᵃ', op.exp, [3]],
  ['erf', op.erf, [3]],
  ['tanh', op.tanh, [2, 3]],
  ['sigmoid', op.sigmoid, [2, 3]],
  ['relu', op.relu, [2, 3]],
  ['gelu', (g, a) => op.gelu(g, a), [2, 5]],
  ['gelu by tanh', (g, a) => op.gelu(g, a, 'tanh'), [2, 5]],
  ['fused gelu', op.fastGelu, [2, 5]],
  ['gelu by sigmoid', op.sigmoidGelu, [2, 5]],
  ['quick gelu', op.quickGelu, [2, 5]],
  ['dropout', (g, a) => op.dropout(g, a, op.greater(g, a, g.float(0.3)), 0.25), [2, 3]],
  ['where, both sides broadcast', (g, a, b) => op.where(g, pattern(g, [2, 3]), a, b), [3], [2, 1]],
  ['gemm', (g, x, w, b) => op.gemm(g, x, w, b), [2, 3], [3, 4], [4]],
  ['gemm, w transposed', (g, x, w, b) => op.gemm(g, x, w, b, { transB: true }), [2, 3], [4, 3], [4]],
  ['gemm, x transposed', (g, x, w) => op.gemm(g, x, w, undefined, { transA: true, alpha: 0.5 }), [3, 2], [3, 4]],
  ['gemm, both', (g, x, w) => op.gemm(g, x, w, undefined, { transA: true, transB: true }), [3, 2], [4, 3]],
  ['matMul', op.matMul, [2, 2, 3], [2, 3, 2]],
  ['matMul, b broadcast', op.matMul, [2, 2, 3], [3, 2]],
  [
    'fusedMatMul, b transposed',
    (g, a, b) => op.fusedMatMul(g, a, b, { transB: true, alpha: 0.7 }),
    [2, 2, 3],
    [2, 4, 3],
  ],
  ['fusedMatMul, a transposed', (g, a, b) => op.fusedMatMul(g, a, b, { transA: true }), [2, 3, 2], [2, 3, 4]],
  ['fusedMatMul, both', (g, a, b) => op.fusedMatMul(g, a, b, { transA: true, transB: true }), [2, 3, 2], [2, 4, 3]],
  ['convolution by patches', (g, x, w) => op.conv(g, x, w, 2), [2, 3, 4, 4], [5, 3, 2, 2]],
  ['layer norm', (g, x, w, b) => op.layerNormalization(g, x, w, b, 1e-5), [3, 8], [8], [8]],
  ['softmax', op.softmax, [2, 4]],
  ['masked softmax', (g, x) => op.maskedSoftmax(g, op.add(g, x, masked(g))), [3, 4]],
  ['log softmax', op.logSoftmax, [2, 4]],
  ['length', op.reduceL2, [2, 4]],
  ['sum over an axis', (g, x) => op.reduceSum(g, x, [1]), [2, 3, 2]],
  ['sum over an axis, dropped', (g, x) => op.reduceSum(g, x, [1], false), [2, 3, 2]],
  ['mean over an axis', (g, x) => op.reduceMean(g, x, [-1]), [2, 3]],
  ['reshape', (g, x) => op.reshape(g, x, [3, -1]), [2, 3]],
  ['transpose', (g, x) => op.transpose(g, x, [2, 0, 1]), [2, 3, 4]],
  ['concat', (g, a, b) => op.concat(g, [a, b], 1), [2, 3], [2, 1]],
  ['concat along the last axis', (g, a, b) => op.concat(g, [a, b, a], -1), [2, 3], [2, 1]],
  ['split', (g, x) => op.mul(g, ...(op.split(g, x, 2, 1) as [FloatValue, FloatValue])), [2, 4]],
  ['split, one part unused', (g, x) => op.split(g, x, 2, -1)[1]!, [2, 4]],
  ['splitAt', (g, x) => op.splitAt(g, x, g.ints(1, 3), 1)[1], [2, 4]],
  ['slice in the middle', (g, x) => op.slice(g, x, 1, 1, 3), [2, 4]],
  ['slice from the end', (g, x) => op.slice(g, x, 1, -2, 1000), [2, 4]],
  ['gather, an index twice', (g, x) => op.gather(g, x, g.ints(2, 0, 2)), [3, 2]],
  ['gather by a matrix', (g, x) => op.gather(g, x, g.constant<'int64'>(int64([0, 1, 1, 2], [2, 2]))), [3, 2]],
  ['gatherElements', (g, x) => op.gatherElements(g, x, g.constant<'int64'>(int64([1, 2], [2, 1]))), [2, 3]],
  ['expand', (g, x) => op.expand(g, x, g.ints(2, 3, 4)), [3, 1]],
  ['unsqueeze and squeeze', (g, x) => op.squeeze(g, op.unsqueeze(g, x, 0), 0), [2, 3]],
  ['cross-entropy behind a table', crossEntropy, [3, 4], [5, 4]],
  ['cross-entropy behind a table of two parts', crossEntropy, [3, 4], [5, 4], [3, 2], [5, 2]],
];

describe('the gradient of', () => {
  const unsized = (f: Function): Function => {
    const hidden = (g: GraphBuilder, x: FloatValue) => op.reshape(g, x, op.shape(g, x));
    return (g, ...xs) => f(g, ...xs.map((x) => hidden(g, x)));
  };
  const withAndWithoutSizes = CASES.flatMap(([name, f, ...shapes]) => [
    [name, f, shapes] as const,
    [`${name}, sizes known when it runs,`, unsized(f), shapes] as const,
  ]);
  it.each(withAndWithoutSizes)('%s is what finite differences say', async (_, f, shapes) => {
    const inputs = shapes.map((dims, n) => float32(values(elementCount(dims), n), dims));
    const { loss, slopes } = await differentiated(f, inputs);
    for (const [n, input] of inputs.entries()) {
      for (let i = 0; i < input.data.length; i++) {
        const at = (shift: number) => loss(inputs.map((other, m) => (m === n ? nudged(other, i, shift) : other)));
        const [near, far] = [(await at(STEP)) - (await at(-STEP)), (await at(2 * STEP)) - (await at(-2 * STEP))];
        const difference = (8 * near - far) / (12 * STEP);
        const error = Math.abs(slopes[n]![i]! - difference) / Math.max(1, Math.abs(difference));
        expect(error, `by input ${n} at ${i}`).toBeLessThan(1e-4);
      }
    }
  });
});

describe('gradients', () => {
  const setUp = () => {
    const g = new GraphBuilder('test');
    const [x, w] = [g.input('x', 'float32', [2, 3]), g.input('w', 'float32', [3, 2])];
    return { g, x, w, loss: op.reduceSum(g, op.tanh(g, op.gemm(g, x, w)), undefined, false) };
  };

  it('are emitted for what is wanted only', () => {
    const [one, both] = [setUp(), setUp()];
    gradients(one.g, one.loss, [one.w]);
    gradients(both.g, both.loss, [both.w, both.x]);
    expect(both.g.nodes.length - one.g.nodes.length).toBe(1); // the one more Gemm
  });

  it('of a table are not emitted for the part of it that is frozen', () => {
    const products = (...isWanted: readonly boolean[]) => {
      const g = new GraphBuilder('test');
      const parts = [4, 2].flatMap((width, n) => [
        g.input(`hidden${n}`, 'float32', [3, width]),
        g.input(`table${n}`, 'float32', [5, width]),
      ]);
      gradients(
        g,
        crossEntropy(g, ...parts),
        parts.filter((_, n) => isWanted[n]),
      );
      return g.nodes.filter(({ opType }) => opType === 'Gemm').length;
    };
    expect(products(true, false, true, true)).toBe(products(true, true, true, true) - 1);
  });

  it('of a value used twice add up', async () => {
    const { slopes } = await differentiated((g, x) => op.add(g, op.mul(g, x, g.float(2)), x), [float32([1, 2])]);
    expect([...slopes[0]!]).toEqual([...weighing(2)].map((weight) => Math.fround(3 * weight)));
  });

  it('name the operator they do not know', () => {
    const { g, x } = setUp();
    const loss = op.reduceSum(g, g.apply('Sinh', [x], 'float32'), undefined, false);
    expect(() => gradients(g, loss, [x])).toThrow('graph test: no gradient is known for the operator Sinh');
  });

  it('are refused for what only inference has', () => {
    const g = new GraphBuilder('test');
    const [x, w] = [g.input('x', 'float32', [1, 2, 4, 4]), g.input('w', 'float32', [2, 2, 3, 3])];
    const channel = g.constant<'float32'>(float32([1, 1]));
    const statistics = { weight: channel, bias: channel, mean: channel, variance: channel };
    const slopes = (y: FloatValue) => () => gradients(g, op.reduceSum(g, y, undefined, false), [x]);
    expect(slopes(op.conv(g, x, w, 1, 1))).toThrow('Conv is differentiated without padding only');
    expect(slopes(op.averagePool(g, x, 2))).toThrow('no gradient is known for the operator AveragePool');
    expect(slopes(op.batchNormalization(g, x, statistics, 1e-5))).toThrow('the operator BatchNormalization');
  });

  it('name the value that makes no difference', () => {
    const { g, loss } = setUp();
    const idle = g.input('idle', 'float32', [1]);
    expect(() => gradients(g, loss, [idle])).toThrow('the loss does not depend on idle');
  });

  it('of a matrix are zero where it met no rows', async () => {
    const { slopes } = await differentiated(
      (g, a, b) => op.concat(g, [op.matMul(g, op.slice(g, a, 1, 0, 0), b), a], 1),
      [float32(values(12, 1), [2, 2, 3]), float32(values(9, 2), [3, 3])],
    );
    expect([...slopes[1]!]).toEqual(Array(9).fill(0));
  });

  it('do not pass through shapes and indices', async () => {
    const shaped = (g: GraphBuilder, x: FloatValue) => op.mul(g, x, op.cast(g, op.shape(g, x, 0, 1), 'float32'));
    const { slopes } = await differentiated(shaped, [float32([1, 2])]);
    expect([...slopes[0]!]).toEqual([...weighing(2)].map((weight) => Math.fround(2 * weight)));
  });
});

/** Differences of fp32 are rough below this; of the fourth order, they are good to 1e-5 at it. */
const STEP = 2 ** -5;

/** Away from 0, where relu bends, and from each other. */
const values = (count: number, seed: number): Float32Array =>
  Float32Array.from(
    { length: count },
    (_, i) => Math.sin(1 + 1.7 * i + seed) + (Math.sin(1 + 1.7 * i + seed) < 0 ? -0.1 : 0.1),
  );

const weighing = (count: number): Float32Array => Float32Array.from({ length: count }, (_, i) => Math.cos(0.5 * i));

function nudged({ data, dims }: Tensor<'float32'>, at: number, by: number): Tensor<'float32'> {
  const copy = data.slice();
  copy[at] = copy[at]! + by;
  return float32(copy, dims);
}

/** Every element of f's result, weighed differently and summed: its value at any inputs, its gradients at these. */
async function differentiated(f: Function, inputs: readonly Tensor<'float32'>[]) {
  const g = new GraphBuilder('test');
  const xs = inputs.map(({ dims }, n) => g.input(`x${n}`, 'float32', dims));
  const flat = op.reshape(g, f(g, ...xs), [-1]);
  const weights = g.input('weights', 'float32', ['N']);
  const loss = op.reduceSum(g, op.mul(g, flat, weights), undefined, false);
  g.output('loss', loss, []);
  g.output('count', op.shape(g, flat), [1]);
  gradients(g, loss, xs).forEach((slope, n) => g.output(`slope${n}`, slope, inputs[n]!.dims));
  const session = await runner.load(g.build());
  const run = async (at: readonly Tensor<'float32'>[], count: number) =>
    session.run({ ...Object.fromEntries(at.map((x, n) => [`x${n}`, x])), weights: float32(weighing(count)) });
  const count = await countOf(f, inputs);
  const outputs = await run(inputs, count);
  return {
    loss: async (at: readonly Tensor<'float32'>[]) => fetched(await run(at, count), 'loss', 'float32').data[0]!,
    slopes: inputs.map(({ dims }, n) => {
      const slope = fetched(outputs, `slope${n}`, 'float32');
      expect(slope.dims, `shape of the gradient by input ${n}`).toEqual(dims);
      return slope.data;
    }),
  };
}

async function countOf(f: Function, inputs: readonly Tensor<'float32'>[]): Promise<number> {
  const g = new GraphBuilder('count');
  const xs = inputs.map(({ dims }, n) => g.input(`x${n}`, 'float32', dims));
  g.output('y', f(g, ...xs), []);
  const session = await runner.load(g.build());
  const outputs = await session.run(Object.fromEntries(inputs.map((x, n) => [`x${n}`, x])));
  return fetched(outputs, 'y', 'float32').data.length;
}

function pattern(g: GraphBuilder, dims: readonly number[]): Value<'bool'> {
  const data = Uint8Array.from({ length: elementCount(dims) }, (_, i) => i % 2);
  return g.constant<'bool'>({ type: 'bool', data, dims });
}

/** [3, 4]: each row sees one column more. */
const masked = (g: GraphBuilder): FloatValue => {
  const hidden = Float32Array.from({ length: 12 }, (_, i) => (i % 4 > Math.floor(i / 4) ? -1e9 : 0));
  return g.constant<'float32'>(float32(hidden, [3, 4]));
};

function crossEntropy(g: GraphBuilder, ...hiddenAndTables: FloatValue[]): FloatValue {
  const parts = hiddenAndTables.flatMap((hidden, n) =>
    n % 2 === 0 ? [{ hidden, table: hiddenAndTables[n + 1]! }] : [],
  );
  const targets: Int64Value = g.ints(4, 0, 4);
  return op.tableCrossEntropy(g, parts, targets, g.constant<'float32'>(float32([0.5, 0.25, 1], [3, 1])));
}
