import type { MapperConfig } from '@housestyle/clipcap';
import type { Model } from './layers.js';
import { mlpMapper } from './mlp-mapper.js';
import type { Tensor } from './tensorflow.js';
import { transformerMapper } from './transformer-mapper.js';

/** The mapper of any kind: image embeddings [B, d], as CLIP gives them → prefix [B, K, C]. */
export function mapperPrefix(m: Model, embeddings: Tensor, config: MapperConfig): Tensor {
  const e = config.isPrefixNormalized ? normalized(m, embeddings) : embeddings;
  return config.mappingType === 'transformer' ? transformerMapper(m, e, config) : mlpMapper(m, e, config);
}

/** Rows brought to length 1. */
const normalized = ({ tf }: Model, e: Tensor): Tensor => tf.div(e, tf.sqrt(tf.sum(tf.square(e), 1, true)));
