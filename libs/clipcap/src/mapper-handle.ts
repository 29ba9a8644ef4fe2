import { DomainError } from '@housestyle/domain';
import type { GraphRunner, GraphRunOptions } from '@housestyle/graph';
import type { ClipImageEncoder } from './clip-image-encoder.js';
import { ConfigFields } from './config-fields.js';
import type { Decoder } from './generation/decoder.js';
import { parseGenerationDefaults, type GenerationDefaults } from './generation/generation-config.js';
import { Mapper } from './mapper.js';
import type { MapperFiles } from './model-files.js';

/** A mapper that an engine has loaded: what an item names to be captioned with it. */
export interface MapperHandle {
  /** comes back with every caption it made. */
  readonly id: string;
  readonly mapper: Mapper;
  /** its `generation` block. */
  readonly generation: GenerationDefaults;
}

interface MapperSurroundings {
  readonly encoder: ClipImageEncoder;
  readonly decoder: Decoder;
  readonly runner: GraphRunner;
  readonly options: GraphRunOptions;
}

/** @throws DomainError `invalid_model`, or `mapper_mismatch` when it does not fit between this encoder and decoder. */
export async function loadMapperHandle(
  files: MapperFiles,
  id: string,
  { encoder, decoder, runner, options }: MapperSurroundings,
): Promise<MapperHandle> {
  const fields = new ConfigFields('mapper/config.json', files.config);
  const block = fields.has('generation') ? Object.fromEntries(fields.object('generation').entries()) : {};
  const generation = parseGenerationDefaults(block, 'mapper/config.json: generation');
  const { numPositions, width } = decoder.config;
  const base = { embeddingWidth: encoder.embeddingWidth, decoderWidth: width };
  const mapper = await Mapper.load(files, base, runner, options);
  const { prefixLength } = mapper.config;
  if (prefixLength >= numPositions) {
    await mapper.release();
    throw new DomainError('mapper_mismatch', `a prefix of ${prefixLength} leaves none of ${numPositions} positions`);
  }
  return { id, mapper, generation };
}
