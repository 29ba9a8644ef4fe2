import { copyFile, cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeSafetensors } from '@housestyle/checkpoints';
import type { MemoryWeights } from '@housestyle/graph';
import { freshMapper, Random } from '@housestyle/training';
import { clipVariant, type ClipVariant } from '../parity/clip-variants.js';

const DEMO = 'models/demo';

/**
 * Writes a base model in the shape of the official COCO transformer's: RN50x4 (a tenth as wide, but 288 px and 640-d as
 * the real one), prefix and clip length 40, embeddings normalised; random but for the demo's GPT-2.
 * @returns what the reference makes of pictures with its CLIP
 */
export async function writeResNetBase(folder: string): Promise<ClipVariant> {
  const variant = clipVariant('rn50x4, a tenth as wide');
  await cp(join(DEMO, 'gpt2'), join(folder, 'gpt2'), { recursive: true });
  await mkdir(join(folder, 'clip'));
  for (const file of ['vocab.json', 'merges.txt']) await copyFile(join(DEMO, 'clip', file), join(folder, 'clip', file));
  await writeFile(join(folder, 'clip/config.json'), JSON.stringify(variant.files.config));
  await writeFile(join(folder, 'clip/preprocessor_config.json'), JSON.stringify(variant.files.preprocessor));
  await writeWeights(join(folder, 'clip/model.safetensors'), variant.files.weights);
  await writeMapper(join(folder, 'mapper'), { isNormalized: true });
  return variant;
}

/** A transformer mapper for that base. */
export async function writeMapper(folder: string, { isNormalized }: { isNormalized: boolean }): Promise<void> {
  const config = {
    mapping_type: 'transformer',
    prefix_length: 40,
    clip_length: 40,
    num_layers: 8,
    num_heads: 8,
    prefix_size: 640,
    normalize_prefix: isNormalized,
  };
  const sizes = { mappingType: 'transformer', prefixSize: 640, prefixLength: 40, decoderWidth: 96 } as const;
  const layers = { clipLength: 40, numLayers: 8, numHeads: 8, isPrefixNormalized: isNormalized };
  const weights = freshMapper({ ...sizes, ...layers }, new Random(4));
  await mkdir(folder);
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
  await writeWeights(join(folder, 'model.safetensors'), weights);
}

const writeWeights = (file: string, weights: MemoryWeights): Promise<void> =>
  writeSafetensors(file, new Map(weights.names().map((name) => [name, weights.find(name)!])));
