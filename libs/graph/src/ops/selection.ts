import type { GradientRules } from '../gradients/gradient-rule.js';
import type { FloatValue, GraphBuilder, Int64Value, Value } from '../graph-builder.js';
import type { ElementType } from '../tensor.js';
import { add, div, mul, sub } from './arithmetic.js';
import { reduceMax } from './reduction.js';
import { reshape, unsqueeze, zerosLike } from './shape.js';

/** The `k` [1] largest along the last axis, best first: values and their indices. */
export const topK = (g: GraphBuilder, x: FloatValue, k: Int64Value): [FloatValue, Int64Value] =>
  g.applyMany('TopK', [x, k], ['float32', 'int64'], {
    axis: { int: -1 },
    largest: { int: 1 },
    sorted: { int: 1 },
  });

/**
 * `topK` of x [R, V] by less work where V is large: V is divided into blocks of `size`, which divides it, and only those
 * are looked through whose largest values are the k largest. The same to the last tie: of equal values the first counts.
 */
export function topKInBlocks(
  g: GraphBuilder,
  x: FloatValue,
  k: Int64Value,
  { width, size }: { readonly width: number; readonly size: number },
): [FloatValue, Int64Value] {
  const count = width / size;
  const blocks = reshape(g, x, [-1, count, size]);
  const most = g.apply('Min', [k, g.ints(count)], 'int64');
  const [, best] = topK(g, reshape(g, reduceMax(g, blocks, -1), [-1, count]), most);
  const [chosen] = g.applyMany('TopK', [best, most], ['int64', 'int64'], { axis: { int: -1 }, largest: { int: 0 } });
  const rows = g.apply('GatherND', [blocks, unsqueeze(g, chosen, -1)], 'float32', { batch_dims: { int: 1 } });
  const [values, places] = topK(g, reshape(g, rows, [0, -1]), k); // of k·size values of each row
  const block = div(g, places, g.ints(size));
  const within = sub(g, places, mul(g, block, g.ints(size)));
  return [values, add(g, mul(g, gatherElements(g, chosen, block), g.ints(size)), within)];
}

/** Rows of `x` along `axis` by index: the result has the index's shape in that place. */
export const gather = <T extends ElementType>(g: GraphBuilder, x: Value<T>, indices: Int64Value, axis = 0): Value<T> =>
  g.apply('Gather', [x, indices], x.type, { axis: { int: axis } });

/** Elements of every row: x [M, N], columns [M, k] → [M, k]. */
export const gatherElements = <T extends ElementType>(g: GraphBuilder, x: Value<T>, columns: Int64Value): Value<T> =>
  g.apply('GatherElements', [x, columns], x.type, { axis: { int: 1 } });

/** `x` with `rows` [N, …] added at the places `indices` [N] of its first axis; a place may be named several times. */
export const addAt = (g: GraphBuilder, x: FloatValue, indices: Int64Value, rows: FloatValue): FloatValue =>
  g.apply('ScatterND', [x, unsqueeze(g, indices, -1), rows], 'float32', { reduction: { string: 'add' } });

export const selectionGradients: GradientRules = {
  Gather: (step) => {
    const { g, gradient, node } = step;
    if (step.int('axis', 0) !== 0) throw new Error('Gather is differentiated along its first axis only');
    return [() => addAt(g, zerosLike(g, step.input(0)), node.inputs[1] as Int64Value, gradient), undefined];
  },
  GatherElements: (step) => {
    const { g, gradient, node } = step;
    const axis = { axis: { int: step.int('axis', 0) }, reduction: { string: 'add' } };
    const scatter = () =>
      g.apply('ScatterElements', [zerosLike(g, step.input(0)), node.inputs[1], gradient], 'float32', axis);
    return [scatter, undefined];
  },
};
