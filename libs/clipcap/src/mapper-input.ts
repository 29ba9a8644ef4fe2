import { op, type FloatValue, type GraphBuilder } from '@housestyle/graph';
import type { MapperConfig } from './mapper-config.js';

/** `image_embeds` [B, d], brought to length 1 if the mapper was trained so. */
export function embeddingInput(g: GraphBuilder, { prefixSize: d, isPrefixNormalized }: MapperConfig): FloatValue {
  const e = g.input('image_embeds', 'float32', ['B', d]);
  return isPrefixNormalized ? op.div(g, e, op.reduceL2(g, e)) : e;
}
