import { DomainError } from '@housestyle/domain';
import { requireWeight, type WeightSource } from '@housestyle/graph';
import { ConfigFields } from './config-fields.js';

export const MAPPING_TYPES = ['mlp', 'transformer', 'linear'] as const;
export type MappingType = (typeof MAPPING_TYPES)[number];

/** A mapping network's kind and sizes: from its config.json, checked against its weights. */
export interface MapperConfig {
  readonly mappingType: MappingType;
  /** d: width of the image embedding. */
  readonly prefixSize: number;
  /** K: positions of the prefix. */
  readonly prefixLength: number;
  /** C: width of the decoder. */
  readonly decoderWidth: number;
  /** transformer: positions that the image embedding is spread over. */
  readonly clipLength: number;
  readonly numLayers: number;
  readonly numHeads: number;
  /** whether the mapper was trained on embeddings of length 1. */
  readonly isPrefixNormalized: boolean;
}

/** What the base model gives and takes on either side of a mapper. */
export interface MapperBase {
  /** P of CLIP. */
  readonly embeddingWidth: number;
  /** C of GPT-2. */
  readonly decoderWidth: number;
}

/**
 * The weights decide the kind and the sizes; the configuration may not contradict them.
 * @throws DomainError `invalid_model` when they contradict each other, `mapper_mismatch` when both do not fit the base.
 */
export function parseMapperConfig(
  json: unknown,
  weights: WeightSource,
  base: MapperBase,
  label = 'mapper/config.json',
): MapperConfig {
  const fields = new ConfigFields(label, json);
  const mappingType = mappingTypeOf(weights);
  agree(label, 'mapping_type', fields.oneOf('mapping_type', MAPPING_TYPES, mappingType), mappingType);
  const prefixLength = fields.size('prefix_length', 10);
  const sizes = sizesOf(mappingType, weights, prefixLength);
  agree(label, 'prefix_size', fields.size('prefix_size', sizes.prefixSize), sizes.prefixSize);
  agree(label, 'prefix_length', prefixLength, sizes.prefixLength);
  if (mappingType === 'transformer') {
    agree(label, 'clip_length', fields.size('clip_length', sizes.clipLength), sizes.clipLength);
    agree(label, 'num_layers', fields.size('num_layers', sizes.numLayers), sizes.numLayers);
  }
  const numHeads = fields.size('num_heads', 8);
  if (mappingType === 'transformer' && sizes.decoderWidth % numHeads !== 0) {
    throw new DomainError('invalid_model', `${label}: ${sizes.decoderWidth} is not divisible by ${numHeads} heads`);
  }
  fits(weights, 'takes image embeddings', sizes.prefixSize, base.embeddingWidth);
  fits(weights, 'writes for a decoder', sizes.decoderWidth, base.decoderWidth);
  return { mappingType, ...sizes, numHeads, isPrefixNormalized: fields.boolean('normalize_prefix', false) };
}

/** By keys, never by K: some official code takes a single linear above 10 positions, some does not. */
function mappingTypeOf(weights: WeightSource): MappingType {
  if (weights.find('clip_project.weight')) return 'linear';
  if (weights.find('clip_project.model.0.weight')) return 'mlp';
  if (weights.find('clip_project.prefix_const')) return 'transformer';
  throw new DomainError('invalid_model', `${weights.label}: no mapping network among its tensors (clip_project.*)`);
}

type MapperSizes = Pick<MapperConfig, 'prefixSize' | 'prefixLength' | 'decoderWidth' | 'clipLength' | 'numLayers'>;

function sizesOf(mappingType: MappingType, weights: WeightSource, prefixLength: number): MapperSizes {
  if (mappingType === 'transformer') {
    const [K, C] = matrix(weights, 'clip_project.prefix_const');
    const [spread, d] = matrix(weights, 'clip_project.linear.weight');
    const clipLength = wholeParts(weights, 'clip_project.linear.weight', spread, C);
    const numLayers = weights.names().filter((name) => LAYER.test(name)).length;
    return { prefixSize: d, prefixLength: K, decoderWidth: C, clipLength, numLayers };
  }
  const [first, last] =
    mappingType === 'linear'
      ? (['clip_project.weight', 'clip_project.weight'] as const)
      : (['clip_project.model.0.weight', 'clip_project.model.2.weight'] as const);
  const prefixSize = matrix(weights, first)[1];
  // Only the product K·C is written in these weights: C follows from the configuration's K.
  const decoderWidth = wholeParts(weights, last, matrix(weights, last)[0], prefixLength);
  return { prefixSize, prefixLength, decoderWidth, clipLength: 0, numLayers: 0 };
}

const LAYER = /^clip_project\.transformer\.layers\.\d+\.norm1\.weight$/;

function matrix(weights: WeightSource, name: string): readonly [number, number] {
  const { dims } = requireWeight(weights, name);
  const [rows, columns] = dims;
  if (rows === undefined || columns === undefined || dims.length !== 2) {
    throw new DomainError('invalid_model', `${weights.label}: ${name} is not a matrix`);
  }
  return [rows, columns];
}

function wholeParts(weights: WeightSource, name: string, total: number, part: number): number {
  if (total % part === 0) return total / part;
  throw new DomainError('invalid_model', `${weights.label}: ${name} has ${total} rows, not a multiple of ${part}`);
}

function agree(label: string, field: string, configured: string | number, found: string | number): void {
  if (configured === found) return;
  throw new DomainError('invalid_model', `${label}: ${field} is ${configured}, but the weights say ${found}`);
}

function fits(weights: WeightSource, does: string, own: number, base: number): void {
  if (own === base) return;
  throw new DomainError('mapper_mismatch', `${weights.label}: ${does} of width ${own}, the base has ${base}`);
}
