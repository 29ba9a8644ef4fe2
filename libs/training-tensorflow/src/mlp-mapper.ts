import type { MapperConfig } from '@housestyle/clipcap';
import { linear, type Model } from './layers.js';
import type { Tensor } from './tensorflow.js';

/** Linear → tanh → Linear, or one Linear in their place: e [B, d] → prefix [B, K, C]. */
export function mlpMapper(m: Model, e: Tensor, config: MapperConfig): Tensor {
  const { mappingType, prefixSize: d, prefixLength: K, decoderWidth: C } = config;
  const flat = mappingType === 'linear' ? linear(m, e, 'clip_project', [K * C, d]) : mlp(m, e, d, K * C);
  return m.tf.reshape(flat, [-1, K, C]);
}

function mlp(m: Model, e: Tensor, d: number, out: number): Tensor {
  const hidden = m.weight('clip_project.model.0.weight').shape[0]!;
  const active = m.tf.tanh(linear(m, e, 'clip_project.model.0', [hidden, d]));
  return linear(m, active, 'clip_project.model.2', [out, hidden]);
}
