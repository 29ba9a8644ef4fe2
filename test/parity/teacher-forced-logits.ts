import { buildGpt2, cacheTypeFor, parseGpt2Config, TreeCache, type Gpt2Files } from '@housestyle/clipcap';
import { fetched, float32, int64, type Feeds, type GraphRunner } from '@housestyle/graph';
import { referenceRow, referenceTexts } from './reference.js';

/** of the prefixes among the goldens. */
const K = 10;

/** Of the golden pictures' captions behind their prefixes: every word's logits before each of their tokens. */
export async function teacherForcedLogits(
  { config: described, weights }: Omit<Gpt2Files, 'tokenizer'>,
  runner: GraphRunner,
  variant: Parameters<typeof buildGpt2>[2],
): Promise<Float32Array> {
  const config = parseGpt2Config(described);
  const session = await runner.load(buildGpt2(config, weights, variant));
  const found: number[] = [];
  for (const [n, { teacher_forced_ids: ids }] of referenceTexts().pictures.entries()) {
    const S = K + ids.length;
    const causal = Float32Array.from({ length: S * S }, (_, i) => (i % S <= Math.floor(i / S) ? 0 : -1e9));
    const feeds: Feeds = {
      ...new TreeCache(config, cacheTypeFor(variant ?? {})).noPast(1),
      inputs_embeds: float32(referenceRow('prefix_mlp', n), [1, K, config.width]),
      input_ids: int64(ids, [1, ids.length]),
      position_ids: int64([...Array(S).keys()], [1, S]),
      past_mask: float32([], [1, 1, S, 0]),
      new_mask: float32(causal, [1, 1, S, S]),
      rows: int64([...Array(ids.length + 1).keys()].map((row) => K - 1 + row)),
      k: int64([1]),
    };
    found.push(...fetched(await session.run(feeds, ['logits']), 'logits', 'float32').data);
  }
  await session.release();
  return Float32Array.from(found);
}
