import { Random, keptValues, type DropoutShares } from '@housestyle/training';
import type { Drop } from './gpt2.js';
import type { TensorFlow } from './tensorflow.js';

/** Drops what the onnx engine drops for the same seed: sites come in the same order, and values are drawn in it. */
export function dropping(tf: TensorFlow, shares: DropoutShares, seed: number): Drop {
  const random = new Random(seed);
  return (x, site) => {
    const share = shares[site];
    if (share === 0) return x;
    const factors = Float32Array.from(keptValues(random, x.size, share), (isKept) => isKept / (1 - share));
    return tf.mul(x, tf.tensor(factors, x.shape, 'float32'));
  };
}

export const droppingNothing: Drop = (x) => x;
