import type { GradientRules } from '../gradients/gradient-rule.js';
import type { FloatValue, GraphBuilder, Int64Value, Value } from '../graph-builder.js';
import { int64, type ElementType } from '../tensor.js';
import { sumToShapeOf } from './reduction.js';

/** `shape` is a value, or sizes known while building (0 keeps the input's size there, -1 takes what is left). */
export const reshape = <T extends ElementType>(
  g: GraphBuilder,
  x: Value<T>,
  shape: Int64Value | readonly number[],
): Value<T> => g.apply('Reshape', [x, isSizes(shape) ? g.ints(...shape) : shape], x.type);

export const transpose = <T extends ElementType>(g: GraphBuilder, x: Value<T>, perm: readonly number[]): Value<T> =>
  g.apply('Transpose', [x], x.type, { perm: { ints: perm } });

export const concat = <T extends ElementType>(g: GraphBuilder, xs: readonly Value<T>[], axis: number): Value<T> =>
  g.apply('Concat', xs, xs[0]!.type, { axis: { int: axis } });

/** Into `count` equal parts. */
export const split = <T extends ElementType>(g: GraphBuilder, x: Value<T>, count: number, axis: number): Value<T>[] =>
  g.applyMany(
    'Split',
    [x],
    Array.from({ length: count }, () => x.type),
    { axis: { int: axis }, num_outputs: { int: count } },
  );

/** Into parts of these sizes. */
export const splitInto = <T extends ElementType>(
  g: GraphBuilder,
  x: Value<T>,
  sizes: readonly number[],
  axis: number,
): Value<T>[] =>
  g.applyMany(
    'Split',
    [x, g.ints(...sizes)],
    sizes.map(() => x.type),
    { axis: { int: axis } },
  );

/** Into two parts of the sizes that the value `sizes` [2] says when the graph runs. */
export const splitAt = <T extends ElementType>(
  g: GraphBuilder,
  x: Value<T>,
  sizes: Int64Value,
  axis: number,
): [Value<T>, Value<T>] => g.applyMany('Split', [x, sizes], [x.type, x.type], { axis: { int: axis } });

/** x[start:end] along one axis; bounds are numbers or vectors of one integer. */
export const slice = <T extends ElementType>(
  g: GraphBuilder,
  x: Value<T>,
  axis: number,
  start: Int64Value | number,
  end: Int64Value | number,
): Value<T> =>
  g.apply(
    'Slice',
    [x, typeof start === 'number' ? g.ints(start) : start, typeof end === 'number' ? g.ints(end) : end, g.ints(axis)],
    x.type,
  );

export const expand = <T extends ElementType>(g: GraphBuilder, x: Value<T>, shape: Int64Value): Value<T> =>
  g.apply('Expand', [x, shape], x.type);

export const unsqueeze = <T extends ElementType>(g: GraphBuilder, x: Value<T>, axis: number): Value<T> =>
  g.apply('Unsqueeze', [x, g.ints(axis)], x.type);

export const squeeze = <T extends ElementType>(g: GraphBuilder, x: Value<T>, axis: number): Value<T> =>
  g.apply('Squeeze', [x, g.ints(axis)], x.type);

/** The sizes of dimensions `start` to `end` (exclusive) of `x`, known when the graph runs. */
export const shape = (g: GraphBuilder, x: Value, start?: number, end?: number): Int64Value =>
  g.apply('Shape', [x], 'int64', {
    start: start === undefined ? undefined : { int: start },
    end: end === undefined ? undefined : { int: end },
  });

export const zerosLike = (g: GraphBuilder, x: FloatValue): FloatValue => expand(g, g.float(0), shape(g, x));

/** 0, 1, … `count` - 1, for a `count` [1] known when the graph runs. */
export const range = (g: GraphBuilder, count: Int64Value): Int64Value => {
  const [zero, one] = [g.constant<'int64'>(int64([0], [])), g.constant<'int64'>(int64([1], []))];
  return g.apply('Range', [zero, squeeze(g, count, 0), one], 'int64');
};

export const shapeGradients: GradientRules = {
  Identity: ({ gradient }) => [() => gradient],
  Reshape: (step) => [() => reshape(step.g, step.gradient, shape(step.g, step.input(0))), undefined],
  Unsqueeze: (step) => [() => reshape(step.g, step.gradient, shape(step.g, step.input(0))), undefined],
  Squeeze: (step) => [() => reshape(step.g, step.gradient, shape(step.g, step.input(0))), undefined],
  Expand: (step) => [() => sumToShapeOf(step.g, step.gradient, step.input(0)), undefined],
  Transpose: ({ g, gradient, node }) => {
    const perm = node.attributes['perm'];
    if (!perm || !('ints' in perm)) throw new Error('Transpose is differentiated with its permutation said only');
    const inverse = perm.ints.map((_, axis) => perm.ints.indexOf(axis));
    return [() => transpose(g, gradient, inverse)];
  },
  Concat: (step) => {
    const { g, node, gradient } = step;
    const axis = step.int('axis', 0);
    const sizes = node.inputs.map((_, index) => () => sizeAlong(g, step.input(index), axis));
    return node.inputs.map((_, index) => () => {
      const start = sizes.slice(0, index).reduce((sum, size) => g.apply('Add', [sum, size()], 'int64'), g.ints(0));
      return slice(g, gradient, axis, start, g.apply('Add', [start, sizes[index]!()], 'int64'));
    });
  },
  Split: (step) => {
    const { g, node, outputGradients } = step;
    const parts = () => outputGradients.map((part, index) => part ?? zerosLike(g, node.outputs[index] as FloatValue));
    return [() => concat(g, parts(), step.int('axis', 0)), undefined];
  },
  // zeros where nothing was taken, before and after
  Slice: (step) => {
    const { g, node, gradient } = step;
    const [, start, end, axes] = node.inputs as [FloatValue, Int64Value, Int64Value, Int64Value];
    const axis = g.numbers(axes);
    if (axis?.length !== 1) throw new Error('Slice is differentiated along one axis known beforehand only');
    const x = step.input(0);
    const before = () => zerosLike(g, g.apply('Slice', [x, g.ints(0), start, axes], 'float32'));
    const after = () => zerosLike(g, g.apply('Slice', [x, end, g.ints(Number.MAX_SAFE_INTEGER), axes], 'float32'));
    return [() => concat(g, [before(), gradient, after()], axis[0]!)];
  },
};

/** The size of `x` along `axis`, which may count from the end. */
function sizeAlong(g: GraphBuilder, x: FloatValue, axis: number): Int64Value {
  return axis === -1 ? shape(g, x, -1) : shape(g, x, axis, axis + 1);
}

const isSizes = (shape: Int64Value | readonly number[]): shape is readonly number[] => Array.isArray(shape);
