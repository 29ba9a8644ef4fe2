import type { Differentiable, Save, Tensor, TensorFlow } from './tensorflow.js';

export interface Table {
  /** [V, C] */
  readonly rows: Tensor;
  readonly isTrained: boolean;
}

/** What is to be predicted, and how much each prediction counts. */
export interface Targets {
  /** [N], int32 */
  readonly tokens: Tensor;
  /** [N, 2], int32: each row's number beside its token. */
  readonly places: Tensor;
  /** [N, 1] */
  readonly weights: Tensor;
}

/**
 * -Σ wₙ·log softmax(hₙ·tableᵀ)[targetₙ]: hidden [N, C] → a scalar. By `hidden` the gradient is w·(P·table - table[target]),
 * by the table (w·P)ᵀ·hidden less w·hidden at each target: the gradient by the logits [N, V] is never written down.
 */
export function tableCrossEntropy(tf: TensorFlow, hidden: Tensor, table: Table, targets: Targets): Tensor {
  const of = (h: Tensor, rows: Tensor, save: Save): Differentiable => {
    const logProbs = tf.logSoftmax(tf.matMul(h, rows, false, true)); // [N, V]
    save([h, logProbs]);
    const found = tf.reshape(tf.gatherND(logProbs, targets.places), [-1, 1]);
    const value = tf.neg(tf.sum(tf.mul(found, targets.weights)));
    return { value, gradFunc: (slope, [h, logProbs]) => gradients(tf, slope, h!, logProbs!, table, targets) };
  };
  // A frozen table is no input, so that nothing is computed for it.
  return table.isTrained
    ? tf.customGrad<[Tensor, Tensor]>(of)(hidden, table.rows)
    : tf.customGrad<[Tensor]>((h, save) => of(h, table.rows, save))(hidden);
}

function gradients(
  tf: TensorFlow,
  slope: Tensor,
  hidden: Tensor,
  logProbs: Tensor,
  { rows, isTrained }: Table,
  { tokens, weights }: Targets,
): Tensor[] {
  const [probs, scaled] = [tf.exp(logProbs), tf.mul(weights, slope)];
  const byHidden = tf.mul(tf.sub(tf.matMul(probs, rows), tf.gather(rows, tokens)), scaled);
  if (!isTrained) return [byHidden];
  const ofAll = tf.matMul(tf.mul(probs, scaled), hidden, true);
  const ofTargets = tf.unsortedSegmentSum(tf.mul(hidden, scaled), tokens, rows.shape[0]!);
  return [byHidden, tf.sub(ofAll, ofTargets)];
}
