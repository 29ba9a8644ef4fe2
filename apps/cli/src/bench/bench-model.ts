import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openBaseModel, SafetensorsFile } from '@housestyle/checkpoints';
import type { BpeFiles, ClipFiles, Gpt2Files, MapperFiles } from '@housestyle/clipcap';
import type { WeightSource } from '@housestyle/graph';
import { ModelLibrary } from '../model-library.js';
import { writeOnce } from './synthetic/random-weights.js';
import { syntheticCalibration } from './synthetic/synthetic-calibration.js';
import { clipVisionWeights, SYNTHETIC_CLIPS } from './synthetic/synthetic-clip.js';
import { writeSyntheticFolder, type SyntheticParts } from './synthetic/synthetic-folder.js';
import { gpt2Weights, mlpWeights, SYNTHETIC_SIZES, type SyntheticSize } from './synthetic/synthetic-model.js';

/** What is measured: the parts of a base model, read but not loaded. */
export interface BenchModel {
  readonly name: string;
  readonly clip: ClipFiles;
  readonly gpt2: Gpt2Files;
  readonly mapper: MapperFiles;
  /** K */
  readonly prefixLength: number;
  /** what int8-static needs. */
  readonly calibration?: WeightSource | undefined;
}

/** Real sizes by the names of their parts, and a size to try the commands. */
export const BENCH_SIZES = { 'vit-b-32,gpt2': 'gpt2', tiny: 'tiny' } as const;
export type BenchSize = keyof typeof BENCH_SIZES;

export interface ModelChoice {
  readonly synthetic: BenchSize;
  /** a base model's name or directory, in place of random weights. */
  readonly model?: string;
  /** where random weights stay. */
  readonly weights: string;
}

/** @throws DomainError `model_not_found`, `invalid_model` */
export async function openBenchModel({ synthetic, model, weights }: ModelChoice): Promise<BenchModel> {
  if (model === undefined) return syntheticBase(weights, synthetic);
  const { clip, gpt2, mapper, calibration } = await openBaseModel(await (await ModelLibrary.find()).resolve(model));
  const { prefix_length: prefixLength } = mapper.config as { prefix_length: number };
  return { name: model, clip, gpt2, mapper, prefixLength, calibration };
}

async function syntheticBase(folder: string, name: BenchSize): Promise<BenchModel> {
  const { files, configs } = await syntheticParts(folder, BENCH_SIZES[name]);
  return {
    name: `${name}, random weights`,
    clip: {
      config: configs.clip,
      preprocessor: {},
      weights: SafetensorsFile.open(files.clip),
      tokenizer: NO_TOKENIZER,
    },
    gpt2: { config: configs.gpt2, weights: SafetensorsFile.open(files.gpt2), tokenizer: NO_TOKENIZER },
    mapper: { config: configs.mapper, weights: SafetensorsFile.open(files.mapper) },
    prefixLength: PREFIX_LENGTH,
    calibration: syntheticCalibration(BENCH_SIZES[name]),
  };
}

/**
 * The same random weights as a base model's folder, which lies in `weights` and is written anew.
 * @returns the folder
 */
export async function openBenchFolder(synthetic: BenchSize, weights: string): Promise<string> {
  const size = BENCH_SIZES[synthetic];
  const folder = join(weights, `base-${size}`);
  await rm(folder, { recursive: true, force: true });
  await writeSyntheticFolder(folder, await syntheticParts(weights, size));
  return folder;
}

/** Random weights of an MLP captioner, written into `folder` unless they are there from another time. */
async function syntheticParts(folder: string, size: SyntheticSize) {
  const { embeddingWidth, ...gpt2 } = SYNTHETIC_SIZES[size];
  await mkdir(folder, { recursive: true });
  const files = {
    clip: join(folder, `clip-${size}.safetensors`),
    gpt2: join(folder, `gpt2-${size}.safetensors`),
    mapper: join(folder, `mlp-${PREFIX_LENGTH}-${size}.safetensors`),
  };
  await writeOnce(files.clip, () => clipVisionWeights(SYNTHETIC_CLIPS[size]));
  await writeOnce(files.gpt2, () => gpt2Weights(SYNTHETIC_SIZES[size]));
  await writeOnce(files.mapper, () => mlpWeights(embeddingWidth, PREFIX_LENGTH, gpt2.n_embd));
  const mapper = { mapping_type: 'mlp', prefix_length: PREFIX_LENGTH, prefix_size: embeddingWidth };
  return { files, configs: { clip: SYNTHETIC_CLIPS[size], gpt2, mapper } } satisfies SyntheticParts;
}

/** of ClipCap's MLP mapper. */
const PREFIX_LENGTH = 10;
/** Tokens are counted, never spelled. */
const NO_TOKENIZER: BpeFiles = { vocab: {}, merges: '' };
