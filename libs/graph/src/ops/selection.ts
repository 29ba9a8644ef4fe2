import type { FloatValue, GraphBuilder, Int64Value } from '../graph-builder.js';

/** The `k` [1] largest along the last axis, best first: values and their indices. */
export const topK = (g: GraphBuilder, x: FloatValue, k: Int64Value): [FloatValue, Int64Value] =>
  g.applyMany('TopK', [x, k], ['float32', 'int64'], {
    axis: { int: -1 },
    largest: { int: 1 },
    sorted: { int: 1 },
  });
