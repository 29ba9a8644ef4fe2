import { parseMapperConfig, type MapperConfig } from '@housestyle/clipcap';
import { readWeight } from '@housestyle/graph';
import { describe, expect, it } from 'vitest';
import { freshMapper } from './fresh-mapper.js';
import { Random } from './random.js';

const SIZES = { prefixSize: 64, prefixLength: 4, decoderWidth: 24, numHeads: 8, isPrefixNormalized: true };
const CONFIGS: readonly MapperConfig[] = [
  { ...SIZES, mappingType: 'mlp', clipLength: 0, numLayers: 0 },
  { ...SIZES, mappingType: 'linear', clipLength: 0, numLayers: 0 },
  { ...SIZES, mappingType: 'transformer', clipLength: 3, numLayers: 2 },
];

describe('a new mapper', () => {
  it.each(CONFIGS)('$mappingType is what its configuration says, by keys and shapes', (config) => {
    const weights = freshMapper(config, new Random(1));
    const json = { prefix_length: 4, num_heads: 8, normalize_prefix: true };
    expect(parseMapperConfig(json, weights, { embeddingWidth: 64, decoderWidth: 24 })).toEqual(config);
  });

  it('is drawn from its seed, evenly within bounds', () => {
    const [one, same, other] = [1, 1, 2].map((seed) => freshMapper(CONFIGS[0]!, new Random(seed)));
    const name = 'clip_project.model.0.weight';
    expect(readWeight(same!, name)).toEqual(readWeight(one!, name));
    expect(readWeight(other!, name)).not.toEqual(readWeight(one!, name));
    const largest = Math.max(...readWeight(one!, name).map(Math.abs));
    expect(largest).toBeLessThanOrEqual(1 / 8);
    expect(largest).toBeGreaterThan(0.95 / 8);
  });
});
