import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SafetensorsFile } from '@housestyle/checkpoints';
import { parseGpt2Config, parseMapperConfig, type MappingType } from '@housestyle/clipcap';
import type { TrainingModel } from '@housestyle/training';
import { RandomWeights, writeOnce, type Weights } from './random-weights.js';

/** Sizes of models made of random numbers: what a step costs does not depend on what the weights say. */
export const SYNTHETIC_SIZES = {
  /** GPT-2's smallest, behind CLIP ViT-B/32. */
  gpt2: { embeddingWidth: 512, n_embd: 768, n_head: 12, n_layer: 12, vocab_size: 50257, n_positions: 1024 },
  /** to try the command. */
  tiny: { embeddingWidth: 32, n_embd: 64, n_head: 4, n_layer: 2, vocab_size: 500, n_positions: 64 },
} as const;
export type SyntheticSize = keyof typeof SYNTHETIC_SIZES;

export interface SyntheticMapper {
  readonly mappingType: Exclude<MappingType, 'linear'>;
  /** K */
  readonly prefixLength: number;
  /** transformer: positions that the image embedding is spread over. */
  readonly clipLength: number;
}

export interface SyntheticModel {
  readonly model: TrainingModel;
  /** where the weights lie, and what their configurations say: what another program needs to do the same. */
  readonly files: {
    readonly gpt2: { readonly file: string; readonly config: object };
    readonly mapper: { readonly file: string; readonly config: object };
  };
}

/** A captioner of random weights, written into `folder` unless it is there from another time. */
export async function syntheticModel(
  folder: string,
  size: SyntheticSize,
  mapper: SyntheticMapper,
): Promise<SyntheticModel> {
  const { embeddingWidth, ...gpt2Config } = SYNTHETIC_SIZES[size];
  const { mappingType, prefixLength, clipLength } = mapper;
  const mapperConfig = {
    mapping_type: mappingType,
    prefix_length: prefixLength,
    prefix_size: embeddingWidth,
    ...(mappingType === 'transformer' && { clip_length: clipLength, num_layers: MAPPER_LAYERS, num_heads: 8 }),
  };
  await mkdir(folder, { recursive: true });
  const gpt2File = join(folder, `gpt2-${size}.safetensors`);
  const sizes = mappingType === 'transformer' ? `${clipLength}-${prefixLength}` : `${prefixLength}`;
  const mapperFile = join(folder, `${mappingType}-${sizes}-${size}.safetensors`);
  await writeOnce(gpt2File, () => gpt2Weights(SYNTHETIC_SIZES[size]));
  await writeOnce(mapperFile, () =>
    mappingType === 'mlp'
      ? mlpWeights(embeddingWidth, prefixLength, gpt2Config.n_embd)
      : transformerWeights(embeddingWidth, mapper, gpt2Config.n_embd),
  );
  const [gpt2Weight, mapperWeight] = [SafetensorsFile.open(gpt2File), SafetensorsFile.open(mapperFile)];
  const base = { embeddingWidth, decoderWidth: gpt2Config.n_embd };
  return {
    model: {
      gpt2: { config: parseGpt2Config(gpt2Config), weights: gpt2Weight },
      mapper: { config: parseMapperConfig(mapperConfig, mapperWeight, base), weights: mapperWeight },
    },
    files: {
      gpt2: { file: gpt2File, config: gpt2Config },
      mapper: { file: mapperFile, config: mapperConfig },
    },
  };
}

/** Layers of ClipCap's transformer mapper. */
const MAPPER_LAYERS = 8;

export function gpt2Weights({
  n_embd: C,
  n_layer,
  vocab_size: V,
  n_positions: P,
}: (typeof SYNTHETIC_SIZES)[SyntheticSize]) {
  const weights = new RandomWeights().matrix('transformer.wte.weight', [V, C]).matrix('transformer.wpe.weight', [P, C]);
  for (let layer = 0; layer < n_layer; layer++) {
    const key = `transformer.h.${layer}`;
    weights
      .norm(`${key}.ln_1`, C)
      .conv1d(`${key}.attn.c_attn`, C, 3 * C)
      .conv1d(`${key}.attn.c_proj`, C, C);
    weights
      .norm(`${key}.ln_2`, C)
      .conv1d(`${key}.mlp.c_fc`, C, 4 * C)
      .conv1d(`${key}.mlp.c_proj`, 4 * C, C);
  }
  return weights.norm('transformer.ln_f', C).tensors;
}

export function mlpWeights(d: number, K: number, C: number): Weights {
  const hidden = Math.floor((K * C) / 2);
  return new RandomWeights()
    .linear('clip_project.model.0', d, hidden)
    .linear('clip_project.model.2', hidden, K * C, 0.002).tensors; // a prefix about as large as words are
}

function transformerWeights(d: number, { prefixLength: K, clipLength }: SyntheticMapper, C: number): Weights {
  const weights = new RandomWeights()
    .linear('clip_project.linear', d, clipLength * C, 0.002)
    .matrix('clip_project.prefix_const', [K, C]);
  for (let layer = 0; layer < MAPPER_LAYERS; layer++) {
    const key = `clip_project.transformer.layers.${layer}`;
    weights.norm(`${key}.norm1`, C).matrix(`${key}.attn.to_queries.weight`, [C, C]);
    weights.matrix(`${key}.attn.to_keys_values.weight`, [2 * C, C]).linear(`${key}.attn.project`, C, C);
    weights
      .norm(`${key}.norm2`, C)
      .linear(`${key}.mlp.fc1`, C, 2 * C)
      .linear(`${key}.mlp.fc2`, 2 * C, C);
  }
  return weights.tensors;
}
