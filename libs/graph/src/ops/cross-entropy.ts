import { once } from '../gradients/gradient-rule.js';
import type { FloatValue, GraphBuilder, Int64Value } from '../graph-builder.js';
import { exp, mul, neg, sub } from './arithmetic.js';
import { gemm } from './linear.js';
import { logSoftmax } from './normalisation.js';
import { reduceSum } from './reduction.js';
import { addAt, gather, gatherElements } from './selection.js';
import { unsqueeze } from './shape.js';

/**
 * -Σ wₙ·log softmax(hₙ·tableᵀ)[targetₙ] over N rows: hidden [N, C], table [V, C], targets [N], weights [N, 1] → a scalar.
 * By `hidden` it is w·(P·table - table[target]), by `table` (w·P)ᵀ·hidden less w·hidden at each target: the gradient by
 * the logits [N, V] is never written down. The weights are given, not learnt.
 */
export function tableCrossEntropy(
  g: GraphBuilder,
  hidden: FloatValue,
  table: FloatValue,
  targets: Int64Value,
  weights: FloatValue,
): FloatValue {
  const logProbs = logSoftmax(g, gemm(g, hidden, table, undefined, { transB: true })); // [N, V]
  const ofTargets = gatherElements(g, logProbs, unsqueeze(g, targets, 1)); // [N, 1]
  const loss = neg(g, reduceSum(g, mul(g, ofTargets, weights), undefined, false));
  g.differentiateAs(loss, [hidden, table], ({ gradient }) => {
    const probs = once(() => exp(g, logProbs));
    const scaled = once(() => mul(g, weights, gradient));
    return [
      () => mul(g, sub(g, gemm(g, probs(), table), gather(g, table, targets)), scaled()),
      () => {
        const toAll = gemm(g, mul(g, probs(), scaled()), hidden, undefined, { transA: true });
        return addAt(g, toAll, targets, neg(g, mul(g, hidden, scaled())));
      },
    ];
  });
  return loss;
}
