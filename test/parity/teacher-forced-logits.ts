import {
  buildGpt2,
  cacheTypeFor,
  parseGpt2Config,
  teacherForcedFeeds,
  type Gpt2Config,
  type Gpt2Files,
} from '@housestyle/clipcap';
import { fetched, type Feeds, type GraphRunner, type GraphSession } from '@housestyle/graph';
import { referenceRow, referenceTexts } from './reference.js';

/** [1 + ids, V]: behind the prefix's last position and behind each of `ids`, in one run and without a cache. */
export const logitsOf = (
  session: GraphSession,
  config: Gpt2Config,
  prefix: Float32Array,
  ids: readonly number[],
  deltas: Feeds = {},
): Promise<Float32Array> => run(session, { ...teacherForcedFeeds(config, prefix, ids), ...deltas });

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
    const prefix = referenceRow('prefix_mlp', n);
    found.push(...(await run(session, teacherForcedFeeds(config, prefix, ids, cacheTypeFor(variant ?? {})))));
  }
  await session.release();
  return Float32Array.from(found);
}

async function run(session: GraphSession, feeds: Feeds): Promise<Float32Array> {
  return fetched(await session.run(feeds, ['logits']), 'logits', 'float32').data;
}
