import { DomainError } from '@housestyle/domain';
import type { GraphRunner } from '@housestyle/graph';
import type { ClipImageEncoder } from './clip-image-encoder.js';
import { ConfigFields } from './config-fields.js';
import type { LowRankDelta } from './deltas/low-rank-delta.js';
import type { Decoder } from './generation/decoder.js';
import { parseGenerationDefaults, type GenerationDefaults } from './generation/generation-config.js';
import { Mapper } from './mapper.js';
import type { MapperFiles, MapperVersionFiles } from './model-files.js';
import type { ModelOptions } from './quantisation/precision.js';

/** A mapper version that an engine has loaded: what an item names to be captioned with it. */
export interface MapperHandle {
  /** comes back with every caption it made. */
  readonly id: string;
  /** full: a network of its own, which goes when it is released; delta: the base's, shared. */
  readonly kind: 'full' | 'delta';
  readonly mapper: Mapper;
  /** what it adds to the shared network. */
  readonly mapperDelta?: LowRankDelta;
  readonly decoderDelta?: LowRankDelta;
  /** its `generation` block. */
  readonly generation: GenerationDefaults;
  /** of its own network and deltas in memory; other threads may read the same deltas. */
  readonly bytes: number;
}

interface MapperSurroundings {
  readonly encoder: ClipImageEncoder;
  readonly decoder: Decoder;
  readonly runner: GraphRunner;
  readonly options: ModelOptions;
}

/** @throws DomainError `invalid_model`, or `mapper_mismatch` when it does not fit between this encoder and decoder. */
export async function loadFullMapper(
  files: MapperFiles,
  id: string,
  { encoder, decoder, runner, options }: MapperSurroundings,
): Promise<MapperHandle> {
  const generation = generationOf(files.config);
  const { numPositions, width } = decoder.config;
  const base = { embeddingWidth: encoder.embeddingWidth, decoderWidth: width };
  const mapper = await Mapper.load(files, base, runner, options);
  const { prefixLength } = mapper.config;
  if (prefixLength >= numPositions) {
    await mapper.release();
    throw new DomainError('mapper_mismatch', `a prefix of ${prefixLength} leaves none of ${numPositions} positions`);
  }
  return { id, kind: 'full', mapper, generation, bytes: mapper.bytes };
}

/**
 * A version of any kind, beside the base's own mapper. Deltas stay what they are, thin matrices in memory: folded into
 * weights of their own, a thousand tenants' mappers would take 126–230 GB at real size, as deltas half a gigabyte (MLP)
 * to 3.6 GB (transformer), and images of all of them go through one graph together.
 * @throws DomainError `invalid_model`, or `mapper_mismatch` when it does not fit this base.
 */
export async function loadMapperVersion(
  files: MapperVersionFiles,
  id: string,
  baseMapper: Mapper,
  surroundings: MapperSurroundings,
): Promise<MapperHandle> {
  const { config, weights, mapperDelta, decoderDelta } = files;
  const ofDecoder = decoderDelta && (await surroundings.decoder.loadDelta(decoderDelta));
  if (weights) {
    const own = { ...surroundings, options: uncalibrated(surroundings.options) };
    const full = await loadFullMapper({ config, weights }, id, own);
    return ofDecoder ? { ...full, decoderDelta: ofDecoder, bytes: full.bytes + ofDecoder.bytes } : full;
  }
  const generation = generationOf(config);
  baseMapper.requireOwn(config);
  const ofMapper = mapperDelta && (await baseMapper.loadDelta(mapperDelta));
  if (!ofMapper && !ofDecoder) throw new DomainError('invalid_model', 'a mapper version without weights or delta');
  return {
    id,
    kind: 'delta',
    mapper: baseMapper,
    ...(ofMapper && { mapperDelta: ofMapper }),
    ...(ofDecoder && { decoderDelta: ofDecoder }),
    generation,
    bytes: (ofMapper?.bytes ?? 0) + (ofDecoder?.bytes ?? 0),
  };
}

/** A network of its own is not the one that was measured: its rows get a scale each. */
const uncalibrated = (options: ModelOptions): ModelOptions => ({
  ...options,
  calibration: undefined,
  precision: options.precision === 'int8-static' ? 'int8' : options.precision,
});

function generationOf(config: unknown): GenerationDefaults {
  const fields = new ConfigFields('mapper/config.json', config);
  const block = fields.has('generation') ? Object.fromEntries(fields.object('generation').entries()) : {};
  return parseGenerationDefaults(block, 'mapper/config.json: generation');
}
