import { op, type FloatValue, type GraphBuilder, type Int64Value, type Value } from '@housestyle/graph';
import type { LinearSizes, WordDelta } from '../layers.js';

/** Says which of the stacked ranks are each image's own: [B, W]. */
export const WORD_DELTA_OWNERS = 'word_delta_owners';

/**
 * A word table with a low-rank delta of each image's own. The deltas of a batch stand side by side as one of rank W, the
 * sum of theirs, and an image's rows keep their own ranks only, whatever a neighbour's hold: nobody's delta is copied by
 * row, and none needs its rows to stand together. Inputs `key`.A [V, W], `key`.B [W, C] and `word_delta_owners` [B, W]; `images` [R] says whose the
 * rows are that words are predicted of.
 */
export function wordDeltaInputs(g: GraphBuilder, key: string, [V, C]: LinearSizes, images: Int64Value): WordDelta {
  const a = g.input(`${key}.A`, 'float32', [V, 'W']);
  const b = g.input(`${key}.B`, 'float32', ['W', C]);
  const owners = g.input(WORD_DELTA_OWNERS, 'bool', ['B', 'W']);
  const kept = (ranks: FloatValue, isOwn: Value<'bool'>) => op.where(g, isOwn, ranks, g.float(0));
  return {
    lookUp: (ids) => op.matMul(g, kept(op.gather(g, a, ids), op.unsqueeze(g, owners, 1)), b),
    predict: (hidden) => {
      const ranks = op.gemm(g, hidden, b, undefined, { transB: true }); // [R, W]
      return { hidden: kept(ranks, op.gather(g, owners, images)), table: a };
    },
  };
}
