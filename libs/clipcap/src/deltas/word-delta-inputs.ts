import { op, type GraphBuilder, type Int64Value } from '@housestyle/graph';
import type { LinearSizes, WordDelta } from '../layers.js';

/** Says which of the stacked ranks are each image's own: [B, W], ones and zeros. */
export const WORD_DELTA_OWNERS = 'word_delta_owners';

/**
 * A word table with a low-rank delta of each image's own. The deltas of a batch stand side by side as one of rank W, the
 * sum of theirs, and an image's rows keep their own ranks only: nobody's delta is copied by row, and none needs its rows
 * to stand together. Inputs `key`.A [V, W], `key`.B [W, C] and `word_delta_owners` [B, W]; `images` [R] says whose the
 * rows are that words are predicted of.
 */
export function wordDeltaInputs(g: GraphBuilder, key: string, [V, C]: LinearSizes, images: Int64Value): WordDelta {
  const a = g.input(`${key}.A`, 'float32', [V, 'W']);
  const b = g.input(`${key}.B`, 'float32', ['W', C]);
  const owners = g.input(WORD_DELTA_OWNERS, 'float32', ['B', 'W']);
  return {
    lookUp: (ids) => op.matMul(g, op.mul(g, op.gather(g, a, ids), op.unsqueeze(g, owners, 1)), b),
    predict: (hidden) => {
      const ranks = op.gemm(g, hidden, b, undefined, { transB: true }); // [R, W]
      return { hidden: op.mul(g, ranks, op.gather(g, owners, images)), table: a };
    },
  };
}
