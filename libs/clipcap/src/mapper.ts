import { DomainError } from '@housestyle/domain';
import { elementCount, fetched, float32, type GraphRunner, type WeightSource } from '@housestyle/graph';
import { AdaptableSession, type Variant } from './deltas/adaptable-session.js';
import { DeltaStack, type ImageDelta } from './deltas/delta-stack.js';
import { LowRankDelta } from './deltas/low-rank-delta.js';
import { parseMapperConfig, type MapperBase, type MapperConfig } from './mapper-config.js';
import { buildMapper, mapperLinears } from './mapper-graph.js';
import type { MapperFiles } from './model-files.js';
import type { ModelOptions } from './quantisation/precision.js';
import { withFastestProducts } from './quantisation/signed-products.js';
import { rowsOf } from './rows.js';

/** A loaded mapping network: image embeddings to prefixes, by the network as it is or with a delta of each image's. */
export class Mapper {
  private constructor(
    readonly config: MapperConfig,
    private readonly files: MapperFiles,
    private readonly base: MapperBase,
    private readonly session: AdaptableSession,
  ) {}

  /** @throws DomainError `invalid_model`, or `mapper_mismatch` when it does not fit the base. */
  static async load(
    files: MapperFiles,
    base: MapperBase,
    runner: GraphRunner,
    given: ModelOptions = {},
  ): Promise<Mapper> {
    const options = await withFastestProducts(runner, given);
    const config = parseMapperConfig(files.config, files.weights, base);
    const build = (variant: Variant) =>
      buildMapper(config, files.weights, { ...options, hasDeltas: variant !== 'plain' });
    return new Mapper(config, files, base, await AdaptableSession.load(build, runner, options));
  }

  /** of its weights, as fp32. */
  get bytes(): number {
    const { weights } = this.files;
    const elements = weights.names().reduce((sum, name) => sum + elementCount(weights.find(name)!.dims), 0);
    return elements * Float32Array.BYTES_PER_ELEMENT;
  }

  /**
   * Takes a delta of this network into memory.
   * @throws DomainError `mapper_mismatch` when it was made for another network, `invalid_model`
   */
  async loadDelta(source: WeightSource): Promise<LowRankDelta> {
    const delta = LowRankDelta.read(source, mapperLinears(this.files.weights));
    await this.session.prepare('deltas');
    return delta;
  }

  /** @throws DomainError `mapper_mismatch` when a delta's config.json does not repeat this network's, or say nothing. */
  requireOwn(config: unknown): void {
    const own = JSON.stringify(this.config);
    const described = { ...(this.files.config as object), ...(config as object) };
    try {
      if (JSON.stringify(parseMapperConfig(described, this.files.weights, this.base)) === own) return;
    } catch (cause) {
      if (!(cause instanceof DomainError)) throw cause;
      throw new DomainError('mapper_mismatch', `the base's mapper is another: ${cause.message}`, { cause });
    }
    throw new DomainError('mapper_mismatch', `the base's mapper is another: ${own}`);
  }

  /** Each embedding [d], as CLIP gives it → its prefix [K·C], row by row; `deltas`, if any, has one for each. */
  async map(embeddings: readonly Float32Array[], deltas: readonly ImageDelta[] = []): Promise<Float32Array[]> {
    if (embeddings.length === 0) return [];
    const { prefixSize: d, prefixLength: K, decoderWidth: C } = this.config;
    const batch = new Float32Array(embeddings.length * d);
    embeddings.forEach((embedding, row) => {
      if (embedding.length !== d) {
        throw new DomainError('invalid_request', `an embedding has ${embedding.length} values, the mapper takes ${d}`);
      }
      batch.set(embedding, row * d);
    });
    const stack = deltas.some(Boolean) ? new DeltaStack(mapperLinears(this.files.weights), deltas) : undefined;
    const outputs = await this.session.run(
      { image_embeds: float32(batch, [embeddings.length, d]), ...stack?.feeds() },
      { variant: stack ? 'deltas' : 'plain' },
    );
    stack?.giveBack();
    return rowsOf(fetched(outputs, 'prefix', 'float32').data, K * C);
  }

  release(): Promise<void> {
    return this.session.release();
  }
}
