import { fetched, float32, type GraphRunner, type Tensor } from '@housestyle/graph';
import { teacherForcedFeeds } from '../generation/teacher-forced-feeds.js';
import { parseGpt2Config } from '../gpt2-config.js';
import { buildGpt2 } from '../gpt2.js';
import { Gpt2Tokenizer } from '../gpt2-tokenizer.js';
import { Mapper } from '../mapper.js';
import type { BaseModelFiles } from '../model-files.js';

/** A picture and what is said of it, of no tenant's. */
export interface CalibrationExample {
  readonly embedding: Float32Array;
  readonly caption: string;
}

/**
 * How far what goes into each of GPT-2's layers goes, channel by channel, over these pictures' prefixes and captions: what
 * `PrecisionOptions.calibration` takes.
 */
export async function calibrate(
  base: BaseModelFiles,
  examples: readonly CalibrationExample[],
  runner: GraphRunner,
): Promise<Map<string, Tensor<'float32'>>> {
  const config = parseGpt2Config(base.gpt2.config);
  const tokenizer = new Gpt2Tokenizer(base.gpt2.tokenizer);
  const widths = { embeddingWidth: examples[0]!.embedding.length, decoderWidth: config.width };
  const mapper = await Mapper.load(base.mapper, widths, runner);
  const session = await runner.load(buildGpt2(config, base.gpt2.weights, { isWatched: true, isForGpu: runner.isGpu }));
  const names = session.outputNames.filter((name) => name.startsWith(REACH));
  const reaches = new Map<string, Float32Array>();
  for (const { embedding, caption } of examples) {
    const [prefix] = await mapper.map([embedding]);
    const K = prefix!.length / config.width;
    const ids = tokenizer.encode(caption).slice(0, config.numPositions - K);
    const outputs = await session.run(teacherForcedFeeds(config, prefix!, ids), names);
    for (const name of names) {
      const found = fetched(outputs, name, 'float32').data;
      const before = reaches.get(name);
      reaches.set(name, before ? before.map((value, i) => Math.max(value, found[i]!)) : found.slice());
    }
  }
  await Promise.all([mapper.release(), session.release()]);
  return new Map([...reaches].map(([name, reach]) => [name.slice(REACH.length), float32(reach)]));
}

const REACH = 'reach.';
