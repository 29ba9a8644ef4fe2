import type { Save, Tensor, TensorFlow } from './tensorflow.js';

/** Rows and what they are predicted against; their share of the logits is hidden·rowsᵀ. */
export interface TablePart {
  /** [N, C] */
  readonly hidden: Tensor;
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
 * -Σ wₙ·log softmax(Σ hₙ·rowsᵀ)[targetₙ], the inner sum over `parts`, which may differ in C → a scalar. By a part's
 * `hidden` the gradient is w·(P·rows - rows[target]), by its `rows` Pᵀ·(w·hidden) less w·hidden at each target: the
 * gradient by the logits [N, V] is never written down.
 */
export function tableCrossEntropy(tf: TensorFlow, parts: readonly TablePart[], targets: Targets): Tensor {
  // Frozen rows are no input, so that nothing is computed for them.
  const inputs = parts.flatMap(({ hidden, rows, isTrained }) => (isTrained ? [hidden, rows] : [hidden]));
  return tf.customGrad((...given: [...Tensor[], Save]) => {
    const save = given.at(-1) as Save;
    const logits = parts
      .map(({ hidden, rows }) => tf.matMul(hidden, rows, false, true))
      .reduce((sum, share) => tf.add(sum, share));
    const logProbs = tf.logSoftmax(logits); // [N, V]
    save([logProbs, ...parts.map(({ hidden }) => hidden)]);
    const found = tf.reshape(tf.gatherND(logProbs, targets.places), [-1, 1]);
    const value = tf.neg(tf.sum(tf.mul(found, targets.weights)));
    return { value, gradFunc: (slope, saved) => gradients(tf, slope, saved, parts, targets) };
  })(...inputs);
}

function gradients(
  tf: TensorFlow,
  slope: Tensor,
  [logProbs, ...hiddenOfParts]: readonly Tensor[],
  parts: readonly TablePart[],
  { tokens, weights }: Targets,
): Tensor[] {
  const [probs, scaled] = [tf.exp(logProbs!), tf.mul(weights, slope)];
  return parts.flatMap(({ rows, isTrained }, part) => {
    const byHidden = tf.mul(tf.sub(tf.matMul(probs, rows), tf.gather(rows, tokens)), scaled);
    if (!isTrained) return [byHidden];
    const weighed = tf.mul(hiddenOfParts[part]!, scaled);
    const ofTargets = tf.unsortedSegmentSum(weighed, tokens, rows.shape[0]!);
    return [byHidden, tf.sub(tf.matMul(probs, weighed, true), ofTargets)];
  });
}
