import { GraphBuilder, requireWeight, type FloatValue, type GraphModel, type WeightSource } from '@housestyle/graph';
import { deltaInputs } from './deltas/delta-inputs.js';
import type { Linears } from './deltas/low-rank-delta.js';
import { precisionOf, reachOutputs, type Model } from './layers.js';
import type { MapperConfig } from './mapper-config.js';
import { mlpMapper } from './mlp-mapper.js';
import type { PrecisionOptions } from './quantisation/precision.js';
import { transformerMapper } from './transformer-mapper.js';

/** The mapper of any kind, as part of a graph: its input `image_embeds` [B, d] → prefix [B, K, C]. */
export const mapperPrefix = (m: Model, config: MapperConfig): FloatValue =>
  config.mappingType === 'transformer' ? transformerMapper(m, config) : mlpMapper(m, config);

/**
 * The mapper as a graph of its own: `image_embeds` [B, d] → `prefix` [B, K, C]. `hasDeltas` adds the inputs of
 * `deltaInputs` for `mapperLinears`.
 */
export function buildMapper(
  config: MapperConfig,
  weights: WeightSource,
  { hasDeltas = false, isWatched = false, ...precision }: MapperVariant & PrecisionOptions = {},
): GraphModel {
  const g = new GraphBuilder(`${config.mappingType}-mapper`);
  const m: Model = {
    g,
    weights,
    ...precisionOf(g, weights, precision),
    ...(hasDeltas && { delta: deltaInputs(g) }),
    ...(isWatched && { watch: reachOutputs(g) }),
  };
  g.output('prefix', mapperPrefix(m, config), ['B', config.prefixLength, config.decoderWidth]);
  return g.build();
}

/** What the mapper's graph takes in or gives besides. */
export interface MapperVariant {
  readonly hasDeltas?: boolean;
  /** whether it has the outputs of `reachOutputs`. */
  readonly isWatched?: boolean;
}

/** The layers that a mapper delta may change: every matrix that is a layer's weight [out, in]. */
export function mapperLinears(weights: WeightSource): Linears {
  const names = weights.names().filter((name) => LINEAR_WEIGHT.test(name));
  const sized = names.map((name) => [name, requireWeight(weights, name).dims] as const);
  return new Map(
    sized.flatMap(([name, [out, input, ...others]]) =>
      out !== undefined && input !== undefined && others.length === 0
        ? [[name.slice(0, -'.weight'.length), [input, out]] as const]
        : [],
    ),
  );
}

/** Norms' weights are vectors. */
const LINEAR_WEIGHT = /^clip_project\b.*\.weight$/;
