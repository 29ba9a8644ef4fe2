import { DomainError } from '@housestyle/domain';
import { fetched, float32, type GraphRunner, type GraphRunOptions, type GraphSession } from '@housestyle/graph';
import { parseMapperConfig, type MapperBase, type MapperConfig } from './mapper-config.js';
import { buildMlpMapper } from './mlp-mapper.js';
import type { MapperFiles } from './model-files.js';
import { rowsOf } from './rows.js';
import { buildTransformerMapper } from './transformer-mapper.js';

/** A loaded mapping network: image embeddings to prefixes. */
export class Mapper {
  private constructor(
    readonly config: MapperConfig,
    private readonly session: GraphSession,
  ) {}

  /** @throws DomainError `invalid_model`, or `mapper_mismatch` when it does not fit the base. */
  static async load(
    files: MapperFiles,
    base: MapperBase,
    runner: GraphRunner,
    options?: GraphRunOptions,
  ): Promise<Mapper> {
    const config = parseMapperConfig(files.config, files.weights, base);
    const build = config.mappingType === 'transformer' ? buildTransformerMapper : buildMlpMapper;
    return new Mapper(config, await runner.load(build(config, files.weights), options));
  }

  /** Each embedding [d], as CLIP gives it → its prefix [K·C], row by row. */
  async map(embeddings: readonly Float32Array[]): Promise<Float32Array[]> {
    if (embeddings.length === 0) return [];
    const { prefixSize: d, prefixLength: K, decoderWidth: C } = this.config;
    const batch = new Float32Array(embeddings.length * d);
    embeddings.forEach((embedding, row) => {
      if (embedding.length !== d) {
        throw new DomainError('invalid_request', `an embedding has ${embedding.length} values, the mapper takes ${d}`);
      }
      batch.set(embedding, row * d);
    });
    const outputs = await this.session.run({ image_embeds: float32(batch, [embeddings.length, d]) });
    return rowsOf(fetched(outputs, 'prefix', 'float32').data, K * C);
  }

  release(): Promise<void> {
    return this.session.release();
  }
}
