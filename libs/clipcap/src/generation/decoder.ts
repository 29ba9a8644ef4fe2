import type { GraphRunner, WeightSource } from '@housestyle/graph';
import { AdaptableSession, type Variant } from '../deltas/adaptable-session.js';
import { LowRankDelta } from '../deltas/low-rank-delta.js';
import { parseGpt2Config, type Gpt2Config } from '../gpt2-config.js';
import { WORD_TABLE } from '../gpt2-layers.js';
import { buildGpt2, cacheTypeFor, gpt2DeltaPlaces, type CacheType } from '../gpt2.js';
import type { Gpt2Files } from '../model-files.js';
import type { ModelOptions } from '../quantisation/precision.js';
import { withFastestProducts } from '../quantisation/signed-products.js';
import { DecodeBatch, type DecodeRequest } from './decode-batch.js';

/** GPT-2 driving the searches of a batch of images, each with its own delta or none. */
export class Decoder {
  /** has run before and is empty: fresh memory for another one's cache would take time. */
  private idle: DecodeBatch | undefined;

  private constructor(
    readonly config: Gpt2Config,
    private readonly session: AdaptableSession,
    private readonly cacheType: CacheType,
  ) {}

  /** @throws DomainError `invalid_model` */
  static async load(files: Gpt2Files, runner: GraphRunner, given: ModelOptions = {}): Promise<Decoder> {
    const options = await withFastestProducts(runner, given);
    const config = parseGpt2Config(files.config);
    const build = (variant: Variant) =>
      buildGpt2(config, files.weights, {
        ...options,
        hasDeltas: variant !== 'plain',
        hasWordDeltas: variant === 'wordDeltas',
      });
    return new Decoder(config, await AdaptableSession.load(build, runner, options), cacheTypeFor(options));
  }

  /**
   * Takes a delta of this decoder into memory.
   * @throws DomainError `mapper_mismatch` when it was made for another decoder, `invalid_model`
   */
  async loadDelta(source: WeightSource): Promise<LowRankDelta> {
    const delta = LowRankDelta.read(source, gpt2DeltaPlaces(this.config));
    await this.session.prepare(delta.pairs.has(WORD_TABLE) ? 'wordDeltas' : 'deltas');
    return delta;
  }

  /**
   * Runs every search to its end; each then holds its own beams. An image whose search is done leaves the batch, and a
   * stopped beam its image: no step is spent on either.
   * @throws DomainError `invalid_request` for a prefix of no width this decoder has.
   */
  async decode(requests: readonly DecodeRequest[]): Promise<void> {
    const batch = this.idle ?? this.openBatch();
    this.idle = undefined;
    await batch.enter(requests);
    while (batch.size > 0) await batch.step();
    this.idle = batch;
  }

  /** A batch that images enter and leave while it runs. */
  openBatch(): DecodeBatch {
    return new DecodeBatch(this.config, this.session, this.cacheType);
  }

  release(): Promise<void> {
    return this.session.release();
  }
}
