import type { GraphBuilder, Int64Value, Value } from '../graph-builder.js';
import type { ElementType } from '../tensor.js';

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

/** Rows of `x` along `axis` by index: the result has the index's shape in that place. */
export const gather = <T extends ElementType>(g: GraphBuilder, x: Value<T>, indices: Int64Value, axis = 0): Value<T> =>
  g.apply('Gather', [x, indices], x.type, { axis: { int: axis } });

export const expand = <T extends ElementType>(g: GraphBuilder, x: Value<T>, shape: Int64Value): Value<T> =>
  g.apply('Expand', [x, shape], x.type);

export const unsqueeze = <T extends ElementType>(g: GraphBuilder, x: Value<T>, axis: number): Value<T> =>
  g.apply('Unsqueeze', [x, g.ints(axis)], x.type);

/** The sizes of dimensions `start` to `end` (exclusive) of `x`, known when the graph runs. */
export const shape = (g: GraphBuilder, x: Value, start?: number, end?: number): Int64Value =>
  g.apply('Shape', [x], 'int64', {
    start: start === undefined ? undefined : { int: start },
    end: end === undefined ? undefined : { int: end },
  });

const isSizes = (shape: Int64Value | readonly number[]): shape is readonly number[] => Array.isArray(shape);
