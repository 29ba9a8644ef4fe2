import { buildGpt2, buildMapper, parseGpt2Config, parseMapperConfig, type MapperConfig } from '@housestyle/clipcap';
import { DomainError } from '@housestyle/domain';
import { requireWeight, type WeightSource } from '@housestyle/graph';
import { Gpt2Weights } from '../gpt2-weights.js';
import { SafetensorsFile } from '../safetensors-file.js';
import { CheckpointPart } from './checkpoint-part.js';
import { quoted } from './byte-file.js';
import type { PyTorchFile } from './pytorch-file.js';

/** A checkpoint of the official ClipCap code, taken apart. */
export interface ClipCapParts {
  /** `clip_project.*` */
  readonly mapper: CheckpointPart;
  /** `transformer.*` as in GPT2LMHeadModel; absent where only the mapper was saved. */
  readonly gpt2?: CheckpointPart;
  /** whether GPT-2's head is its word table; if not, it is among its tensors. */
  readonly isHeadTied: boolean;
  /** buffers of older transformers, which are no weights. */
  readonly leftOut: readonly string[];
}

/**
 * Takes apart what the official train.py saves: the state dict of ClipCaptionModel, whose parts are `clip_project` and
 * `gpt`, or of its mapper alone.
 * @throws DomainError `invalid_model` naming the tensors that belong to neither
 */
export function takeApart(file: PyTorchFile): ClipCapParts {
  const names = file.names();
  const unknown = names.filter((name) => !/^(clip_project|gpt)\./.test(name));
  if (unknown.length > 0) {
    const some = unknown.slice(0, 3).map(quoted).join(', ');
    const what = `${unknown.length} of ${names.length} tensors are neither clip_project.* nor gpt.*: ${some}`;
    throw new DomainError('invalid_model', `${file.label} is no ClipCap checkpoint: ${what}`);
  }
  const mapper = names.filter((name) => name.startsWith('clip_project.'));
  if (mapper.length === 0) {
    throw new DomainError('invalid_model', `${file.label} has no mapping network (clip_project.*)`);
  }
  const decoder = names.filter((name) => name.startsWith('gpt.'));
  const leftOut = decoder.filter((name) => BUFFER.test(name));
  const spelling = decoder
    .filter((name) => !BUFFER.test(name))
    .map((name) => [name.slice('gpt.'.length), name] as const);
  const gpt2 = new CheckpointPart(file, new Map(spelling));
  const isHeadTied = !gpt2.names().includes(HEAD) || gpt2.isSame(HEAD, WORDS);
  return {
    mapper: new CheckpointPart(file, new Map(mapper.map((name) => [name, name]))),
    ...(spelling.length > 0 && { gpt2: isHeadTied ? gpt2.without(HEAD) : gpt2 }),
    isHeadTied,
    leftOut,
  };
}

export interface MapperSurroundings {
  /** P of CLIP. */
  readonly embeddingWidth: number;
  /** C of GPT-2. */
  readonly decoderWidth: number;
  /** heads of a transformer: the weights do not say; 8 in the official code. */
  readonly numHeads: number;
  readonly isPrefixNormalized: boolean;
}

/**
 * Kind and sizes of the mapper, read off its tensors; every tensor's shape is checked.
 * @throws DomainError `invalid_model`, or `mapper_mismatch` when it does not fit the CLIP or the GPT-2 it is to work with
 */
export function mapperConfigOf(mapper: CheckpointPart, around: MapperSurroundings): MapperConfig {
  const { shapes } = mapper;
  const json = {
    prefix_length: prefixLengthOf(shapes, around.decoderWidth),
    num_heads: around.numHeads,
    normalize_prefix: around.isPrefixNormalized,
  };
  const config = parseMapperConfig(json, shapes, around, mapper.label);
  buildMapper(config, shapes);
  return config;
}

/** A mapper directory's config.json. */
export const mapperJsonOf = (config: MapperConfig): object => ({
  mapping_type: config.mappingType,
  prefix_length: config.prefixLength,
  ...(config.mappingType === 'transformer' && {
    clip_length: config.clipLength,
    num_layers: config.numLayers,
    num_heads: config.numHeads,
  }),
  prefix_size: config.prefixSize,
  normalize_prefix: config.isPrefixNormalized,
});

/**
 * Checks every tensor of GPT-2 against its config.json.
 * @throws DomainError `invalid_model` naming the first that is missing or of another shape
 */
export function expectGpt2(gpt2: CheckpointPart, json: object): void {
  const config = parseGpt2Config(json, 'gpt2/config.json');
  const numLayers = gpt2.names().filter((name) => /^transformer\.h\.\d+\.ln_1\.weight$/.test(name)).length;
  if (numLayers !== config.numLayers) {
    const both = `${gpt2.label} has a GPT-2 of ${numLayers} layers, gpt2/config.json says ${config.numLayers}`;
    throw new DomainError('invalid_model', `${both}: give the folder of the GPT-2 that it was trained with`);
  }
  buildGpt2(config, gpt2.shapes);
}

/** C, as the word table has it. @throws DomainError `invalid_model` */
export const decoderWidthOf = (gpt2: CheckpointPart): number => requireWeight(gpt2.shapes, WORDS).dims[1] ?? 0;

/**
 * Whether the checkpoint's GPT-2 is the one in `file` to the last bit: `--only_prefix` trained none of it and saved all.
 * @throws DomainError `corrupt_checkpoint`, `invalid_model` when there is no such file
 */
export const isPlainGpt2 = (gpt2: CheckpointPart, file: string): boolean =>
  gpt2.isIn(new Gpt2Weights(SafetensorsFile.open(file)));

/** d, which every kind of mapper's first layer takes. @throws DomainError `invalid_model` */
export function embeddingWidthOf({ shapes }: CheckpointPart): number {
  const first = ['clip_project.weight', 'clip_project.model.0.weight', 'clip_project.linear.weight'];
  const found = first.map((name) => shapes.find(name)).find((weight) => weight !== undefined);
  if (!found) throw unknownKind(shapes);
  return found.dims[1] ?? 0;
}

/** K. An MLP and a linear layer end in K·C rows, a transformer has K learned positions. */
function prefixLengthOf(weights: WeightSource, decoderWidth: number): number {
  const learned = weights.find('clip_project.prefix_const');
  if (learned) return learned.dims[0] ?? 0;
  const last = weights.find('clip_project.weight') ?? weights.find('clip_project.model.2.weight');
  const rows = last?.dims[0] ?? 0;
  if (!last) throw unknownKind(weights);
  if (rows > 0 && rows % decoderWidth === 0) return rows / decoderWidth;
  const what = `its mapper writes ${rows} values, which is no multiple of the GPT-2's width ${decoderWidth}`;
  throw new DomainError('mapper_mismatch', `${weights.label}: ${what}`);
}

const unknownKind = ({ label }: WeightSource): DomainError =>
  new DomainError(
    'invalid_model',
    `${label} has a mapping network of no known kind: not an MLP, transformer or linear`,
  );

const BUFFER = /\.attn\.(bias|masked_bias)$/;
const HEAD = 'lm_head.weight';
const WORDS = 'transformer.wte.weight';
