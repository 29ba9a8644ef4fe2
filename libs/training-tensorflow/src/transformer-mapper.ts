import type { MapperConfig } from '@housestyle/clipcap';
import { layerNorm, linear, type Model } from './layers.js';
import type { Tensor } from './tensorflow.js';

/** ClipCap's `TransformerMapper`, as libs/clipcap describes it. T = clip_length + K. */

function mlp(m: Model, x: Tensor, key: string, C: number): Tensor {
  const hidden = m.weight(`${key}.fc1.weight`).shape[0]!;
  return linear(m, m.tf.relu(linear(m, x, `${key}.fc1`, [hidden, C])), `${key}.fc2`, [C, hidden]);
}

function selfAttention(m: Model, x: Tensor, key: string, config: MapperConfig): Tensor {
  const { tf } = m;
  const { decoderWidth: C, numHeads: H, clipLength, prefixLength } = config;
  const perHead = (y: Tensor) => tf.transpose(tf.reshape(y, [-1, clipLength + prefixLength, H, C / H]), [0, 2, 1, 3]);
  const q = perHead(linear(m, x, `${key}.to_queries`, [C, C], { hasBias: false })); // [B, H, T, D]
  const kv = linear(m, x, `${key}.to_keys_values`, [2 * C, C], { hasBias: false }); // [B·T, 2·H·D]: keys, then values
  const [k, v] = tf.split(kv, 2, 1).map(perHead) as [Tensor, Tensor];
  const shares = tf.softmax(tf.mul(tf.matMul(q, k, false, true), (C / H) ** -0.5)); // [B, H, T, T]
  const context = tf.transpose(tf.matMul(shares, v), [0, 2, 1, 3]);
  return linear(m, tf.reshape(context, [-1, C]), `${key}.project`, [C, C]);
}

function layer(m: Model, x: Tensor, key: string, config: MapperConfig): Tensor {
  const norm = (state: Tensor, name: string) => layerNorm(m, state, `${key}.${name}`, config.decoderWidth, EPSILON);
  const y = m.tf.add(x, selfAttention(m, norm(x, 'norm1'), `${key}.attn`, config));
  return m.tf.add(y, mlp(m, norm(y, 'norm2'), `${key}.mlp`, config.decoderWidth));
}

/** e [B, d] → prefix [B, K, C] */
export function transformerMapper(m: Model, e: Tensor, config: MapperConfig): Tensor {
  const { tf } = m;
  const { prefixSize: d, prefixLength: K, decoderWidth: C, clipLength, numLayers } = config;
  const spread = tf.reshape(linear(m, e, 'clip_project.linear', [clipLength * C, d]), [-1, clipLength, C]);
  const learned = tf.reshape(m.weight('clip_project.prefix_const', [K, C]), [1, K, C]);
  const both = tf.concat([spread, tf.tile(learned, [e.shape[0]!, 1, 1])], 1); // [B, T, C]
  let x = tf.reshape(both, [-1, C]);
  for (let n = 0; n < numLayers; n++) x = layer(m, x, `clip_project.transformer.layers.${n}`, config);
  return tf.slice(tf.reshape(x, [-1, clipLength + K, C]), [0, clipLength, 0], [-1, K, C]);
}

/** PyTorch's LayerNorm, which the official code does not set. */
const EPSILON = 1e-5;
