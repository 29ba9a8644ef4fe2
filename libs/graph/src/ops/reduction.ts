import type { BackwardStep, GradientRules } from '../gradients/gradient-rule.js';
import type { FloatValue, GraphBuilder, Value } from '../graph-builder.js';
import { areSame } from '../infer-dims.js';
import { cast, div, mul } from './arithmetic.js';
import { concat, expand, reshape, shape, squeeze } from './shape.js';

/** Sum over `axes`, or over everything; the axes are kept as size 1 unless `keepDims` is false. */
export const reduceSum = (g: GraphBuilder, x: FloatValue, axes?: readonly number[], keepDims = true): FloatValue =>
  g.apply('ReduceSum', axes ? [x, g.ints(...axes)] : [x], 'float32', { keepdims: { int: Number(keepDims) } });

/** Mean over `axes`, which are kept as size 1. */
export const reduceMean = (g: GraphBuilder, x: FloatValue, axes: readonly number[]): FloatValue =>
  g.apply('ReduceMean', [x, g.ints(...axes)], 'float32', { keepdims: { int: 1 } });

/** The largest along `axis`, which is kept as size 1. It has no gradient. */
export const reduceMax = (g: GraphBuilder, x: FloatValue, axis: number): FloatValue =>
  g.apply('ReduceMax', [x, g.ints(axis)], 'float32', { keepdims: { int: 1 } });

/** The least along `axis`, which is kept as size 1. It has no gradient. */
export const reduceMin = (g: GraphBuilder, x: FloatValue, axis: number): FloatValue =>
  g.apply('ReduceMin', [x, g.ints(axis)], 'float32', { keepdims: { int: 1 } });

/** log Σ exp(x) over the last axis, kept as size 1. It has no gradient. */
export const reduceLogSumExp = (g: GraphBuilder, x: FloatValue): FloatValue =>
  g.apply('ReduceLogSumExp', [x, g.ints(-1)], 'float32', { keepdims: { int: 1 } });

/**
 * The mean of each `size` × `size` square of x [B, C, H, W], squares side by side; what is left over at the edges falls
 * away. For inference only: it has no gradient.
 */
export const averagePool = (g: GraphBuilder, x: FloatValue, size: number): FloatValue =>
  g.apply('AveragePool', [x], 'float32', { kernel_shape: { ints: [size, size] }, strides: { ints: [size, size] } });

/** Euclidean length over the last axis, kept as size 1. */
export const reduceL2 = (g: GraphBuilder, x: FloatValue): FloatValue =>
  g.apply('ReduceL2', [x, g.ints(-1)], 'float32', { keepdims: { int: 1 } });

/**
 * `gradient` summed over the axes along which `operand` was broadcast, so that it has the operand's shape. Which axes
 * those are is found out when the graph runs, where it is not known before.
 */
export function sumToShapeOf(g: GraphBuilder, gradient: FloatValue, operand: Value): FloatValue {
  const [all, own] = [gradient.dims, operand.dims];
  if (areSame(all, own)) return gradient;
  if (own?.length === 0) return reduceSum(g, gradient, undefined, false);
  if (all && own && areSame(all.slice(-own.length), own)) {
    return reduceSum(g, gradient, [...all.slice(0, -own.length).keys()], false);
  }
  const [whole, wanted] = [shape(g, gradient), shape(g, operand)];
  const missing = g.apply('Sub', [shape(g, whole), shape(g, wanted)], 'int64'); // how many axes were put in front
  const padded = concat(g, [expand(g, g.ints(1), missing), wanted], 0);
  const isBroadcast = g.apply('Not', [g.apply('Equal', [whole, padded], 'bool')], 'bool');
  const axes = squeeze(g, g.apply('NonZero', [isBroadcast], 'int64'), 0);
  const noAxesMeanNone = { keepdims: { int: 1 }, noop_with_empty_axes: { int: 1 } };
  return reshape(g, g.apply('ReduceSum', [gradient, axes], 'float32', noAxesMeanNone), wanted);
}

export const reductionGradients: GradientRules = {
  // d Σx = 1 at every x
  ReduceSum: (step) => [() => spread(step)],
  // d mean(x) = 1/n, n elements to each mean
  ReduceMean: (step) => [
    () => {
      const { g, output } = step;
      return div(g, spread(step), div(g, elements(g, step.input(0)), elements(g, output)));
    },
  ],
  // d ‖x‖ = x / ‖x‖
  ReduceL2: (step) => [() => mul(step.g, spread(step), div(step.g, step.input(0), kept(step, step.output)))],
};

/** What was reduced, with its axes as size 1. */
function kept(step: BackwardStep, reduced: FloatValue): FloatValue {
  const axes = step.node.inputs[1];
  const isKept = step.int('keepdims', 1) === 1;
  return isKept || !axes ? reduced : step.g.apply('Unsqueeze', [reduced, axes], 'float32');
}

/** The gradient by a reduction's output, at every element that went into it. */
const spread = (step: BackwardStep): FloatValue =>
  expand(step.g, kept(step, step.gradient), shape(step.g, step.input(0)));

const elements = (g: GraphBuilder, x: FloatValue): FloatValue => cast(g, g.apply('Size', [x], 'int64'), 'float32');
