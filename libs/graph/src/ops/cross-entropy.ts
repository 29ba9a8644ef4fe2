import { once } from '../gradients/gradient-rule.js';
import type { FloatValue, GraphBuilder, Int64Value } from '../graph-builder.js';
import { add, exp, mul, neg, sub } from './arithmetic.js';
import { gemm } from './linear.js';
import { logSoftmax } from './normalisation.js';
import { reduceSum } from './reduction.js';
import { addAt, gather, gatherElements } from './selection.js';
import { unsqueeze } from './shape.js';

/** Rows and what they are predicted against: hidden [N, C], table [V, C]; its share of the logits is hidden·tableᵀ. */
export interface TablePart {
  readonly hidden: FloatValue;
  readonly table: FloatValue;
}

/**
 * -Σ wₙ·log softmax(Σ hₙ·tableᵀ)[targetₙ] over N rows, the inner sum over `parts`, which may differ in C: targets [N],
 * weights [N, 1] → a scalar. It is what the parts' hidden rows and tables say side by side in one, which nobody has to
 * build: a low-rank delta of a table is a part of its own, and what is frozen is spared its gradient.
 *
 * By a part's `hidden` the gradient is w·(P·table - table[target]), by its `table` Pᵀ·(w·hidden) less w·hidden at each
 * target: the gradient by the logits [N, V] is never written down. The weights are given, not learnt.
 */
export function tableCrossEntropy(
  g: GraphBuilder,
  parts: readonly TablePart[],
  targets: Int64Value,
  weights: FloatValue,
): FloatValue {
  const logits = parts
    .map(({ hidden, table }) => gemm(g, hidden, table, undefined, { transB: true }))
    .reduce((sum, share) => add(g, sum, share));
  const logProbs = logSoftmax(g, logits); // [N, V]
  const ofTargets = gatherElements(g, logProbs, unsqueeze(g, targets, 1)); // [N, 1]
  const loss = neg(g, reduceSum(g, mul(g, ofTargets, weights), undefined, false));
  const inputs = parts.flatMap(({ hidden, table }) => [hidden, table]);
  g.differentiateAs(loss, inputs, ({ gradient }) => {
    const probs = once(() => exp(g, logProbs));
    const scaled = once(() => mul(g, weights, gradient));
    return parts.flatMap(({ hidden, table }) => {
      const weighed = once(() => mul(g, hidden, scaled()));
      return [
        () => mul(g, sub(g, gemm(g, probs(), table), gather(g, table, targets)), scaled()),
        () => addAt(g, gemm(g, probs(), weighed(), undefined, { transA: true }), targets, neg(g, weighed())),
      ];
    });
  });
  return loss;
}
