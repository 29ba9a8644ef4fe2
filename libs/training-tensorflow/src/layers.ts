import type { Tensor, TensorFlow } from './tensorflow.js';

/** What every part of the model computes with. */
export interface Model {
  readonly tf: TensorFlow;
  /** The part's tensor `name`, trained or frozen, whose shape is checked when one is given. */
  readonly weight: (name: string, dims?: readonly number[]) => Tensor;
  /** What a low-rank delta adds to the linear layer `key` of input `x`; undefined where it adds nothing. */
  readonly delta: (x: Tensor, key: string) => Tensor | undefined;
  /** The low-rank delta of the table `key`; undefined where it has none. */
  readonly pair: (key: string) => LowRankPair | undefined;
}

/** A delta's A [in, r] and B [r, out]. */
export interface LowRankPair {
  readonly a: Tensor;
  readonly b: Tensor;
}

/** PyTorch's Linear: x [M, in] → [M, out]; `key`.weight [out, in], `key`.bias [out] unless `hasBias` is false. */
export function linear(
  m: Model,
  x: Tensor,
  key: string,
  [out, input]: readonly [out: number, input: number],
  { hasBias = true } = {},
): Tensor {
  const y = m.tf.matMul(x, m.weight(`${key}.weight`, [out, input]), false, true);
  return adapted(m, hasBias ? m.tf.add(y, m.weight(`${key}.bias`, [out])) : y, x, key);
}

/** HF's Conv1D: x [M, in] → [M, out]; `key`.weight [in, out]. */
export function conv1d(m: Model, x: Tensor, key: string, [input, out]: readonly [input: number, out: number]): Tensor {
  const y = m.tf.matMul(x, m.weight(`${key}.weight`, [input, out]));
  return adapted(m, m.tf.add(y, m.weight(`${key}.bias`, [out])), x, key);
}

/** The output `y` of the linear layer `key`, with what its delta adds. */
function adapted({ tf, delta }: Model, y: Tensor, x: Tensor, key: string): Tensor {
  const added = delta(x, key);
  return added ? tf.add(y, added) : y;
}

/** x [M, C] → [M, C] */
export function layerNorm({ tf, weight }: Model, x: Tensor, key: string, C: number, epsilon: number): Tensor {
  const centred = tf.sub(x, tf.mean(x, -1, true));
  const variance = tf.mean(tf.square(centred), -1, true); // [M, 1]
  const standardised = tf.mul(centred, tf.rsqrt(tf.add(variance, epsilon)));
  return tf.add(tf.mul(standardised, weight(`${key}.weight`, [C])), weight(`${key}.bias`, [C]));
}

/** x·Φ(x), exactly. */
export const gelu = ({ tf }: Model, x: Tensor): Tensor =>
  tf.mul(x, tf.mul(0.5, tf.add(1, tf.erf(tf.mul(x, Math.SQRT1_2)))));

/** GPT-2's tanh approximation of it, written y = x·σ(x·q) and with the short slope of that, as the onnx engine has it. */
export const sigmoidGelu = ({ tf }: Model, x: Tensor): Tensor =>
  tf.customGrad<[Tensor]>((input, save) => {
    const q = tf.add(tf.mul(tf.square(input), CUBIC), LINEAR);
    const share = tf.sigmoid(tf.mul(input, q));
    const value = tf.mul(input, share);
    save([input, share, value]);
    return { value, gradFunc: (slope, saved) => [tf.mul(slope, sigmoidGeluSlope(tf, saved))] };
  })(x);

/** σ·(1 + (x - y)·d(x·q)/dx), as σ' = σ·(1 - σ). */
function sigmoidGeluSlope(tf: TensorFlow, [x, share, y]: readonly Tensor[]): Tensor {
  const exponentSlope = tf.add(tf.mul(tf.square(x!), 3 * CUBIC), LINEAR);
  return tf.mul(share!, tf.add(1, tf.mul(tf.sub(x!, y!), exponentSlope)));
}

/** q = 2√(2/π)·(1 + 0.044715x²) */
const LINEAR = 2 * Math.sqrt(2 / Math.PI);
const CUBIC = 0.044715 * LINEAR;
