import { op, requireWeight, type FloatValue } from '@housestyle/graph';
import { linear, within, type Model } from './layers.js';
import type { MapperConfig } from './mapper-config.js';
import { embeddingInput } from './mapper-input.js';

/** Linear → tanh → Linear, as ClipCap's `MLP`: e [B, d] → [B, K·C]. */
function mlp(m: Model, e: FloatValue, key: string, config: MapperConfig): FloatValue {
  const { prefixSize: d, prefixLength: K, decoderWidth: C } = config;
  const hidden = requireWeight(m.weights, `${key}.model.0.weight`).dims[0]!; // K·C/2 in official checkpoints
  const raw = linear(m, e, `${key}.model.0`, [hidden, d]);
  return linear(m, within(m, op.tanh(m.g, raw), raw), `${key}.model.2`, [K * C, hidden]);
}

/**
 * The MLP mapper, or the single linear layer that some official checkpoints have in its place:
 * `image_embeds` [B, d] → prefix [B, K, C].
 */
export function mlpMapper(m: Model, config: MapperConfig): FloatValue {
  const { prefixSize: d, prefixLength: K, decoderWidth: C } = config;
  const e = embeddingInput(m.g, config);
  const flat =
    config.mappingType === 'linear' ? linear(m, e, 'clip_project', [K * C, d]) : mlp(m, e, 'clip_project', config);
  return op.reshape(m.g, flat, [-1, K, C]);
}
