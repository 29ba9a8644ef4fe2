import { float32, int64, type Feeds } from '@housestyle/graph';
import type { Gpt2Config } from '../gpt2-config.js';
import type { CacheType } from '../gpt2.js';
import { newMask } from './decoding-image.js';
import { TreeCache } from './tree-cache.js';

/**
 * Of `buildGpt2`'s graph: a prefix [K, C] and the given tokens behind it in one run, without a cache. The rows asked for
 * are the prefix's last position and each token's.
 * @param cacheType what the graph takes
 */
export function teacherForcedFeeds(
  config: Gpt2Config,
  prefix: Float32Array,
  tokens: readonly number[],
  cacheType: CacheType = 'float32',
): Feeds {
  const K = prefix.length / config.width;
  const S = K + tokens.length;
  const positions = [...Array(S).keys()];
  return {
    ...new TreeCache(config, cacheType).noPast(1),
    inputs_embeds: float32(prefix, [1, K, config.width]),
    input_ids: int64(tokens, [1, tokens.length]),
    position_ids: int64(positions, [1, S]),
    past_mask: float32([], [1, 1, S, 0]),
    new_mask: newMask(S, (row, column) => column <= row),
    rows: int64(positions.slice(K - 1)),
    k: int64([1]),
  };
}
