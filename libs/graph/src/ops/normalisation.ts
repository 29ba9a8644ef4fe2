import type { FloatValue, GraphBuilder } from '../graph-builder.js';

/** Over the last axis, with weight and bias. */
export const layerNormalization = (
  g: GraphBuilder,
  x: FloatValue,
  weight: FloatValue,
  bias: FloatValue,
  epsilon: number,
): FloatValue =>
  g.apply('LayerNormalization', [x, weight, bias], 'float32', { axis: { int: -1 }, epsilon: { float: epsilon } });

/** Over the last axis. */
export const softmax = (g: GraphBuilder, x: FloatValue): FloatValue =>
  g.apply('Softmax', [x], 'float32', { axis: { int: -1 } });

/** Over the last axis. */
export const logSoftmax = (g: GraphBuilder, x: FloatValue): FloatValue =>
  g.apply('LogSoftmax', [x], 'float32', { axis: { int: -1 } });

/** Euclidean length over the last axis, kept as size 1. */
export const reduceL2 = (g: GraphBuilder, x: FloatValue): FloatValue =>
  g.apply('ReduceL2', [x, g.ints(-1)], 'float32', { keepdims: { int: 1 } });
