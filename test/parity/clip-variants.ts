import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { ClipFiles } from '@housestyle/clipcap';
import { elementCount, float32, MemoryWeights } from '@housestyle/graph';
import { GOLDENS_FOLDER } from './reference.js';

/** A CLIP with random weights and what the reference makes of two pictures and two texts: see make-clip-variants.py. */
export interface ClipVariant {
  readonly files: Omit<ClipFiles, 'tokenizer' | 'weights'> & { readonly weights: MemoryWeights };
  /** n × n × 3 bytes. */
  readonly pictures: readonly Uint8Array[];
  readonly texts: readonly (readonly number[])[];
  /** of each picture [P] */
  readonly imageEmbeds: readonly Float32Array[];
  /** of each text [P] */
  readonly textEmbeds: readonly Float32Array[];
}

interface VariantFile {
  readonly variants: Readonly<Record<string, StoredVariant>>;
}

interface StoredVariant {
  readonly config: {
    readonly projection_dim: number;
    readonly vision_config: { readonly image_size: number };
    readonly text_config: { readonly vocab_size: number; readonly max_position_embeddings: number };
  };
  /** every tensor's shape by its name. */
  readonly tensors: Readonly<Record<string, readonly number[]>>;
  /** fp32 little-endian, base64. */
  readonly image_embeds: string;
  readonly text_embeds: string;
}

const GOLDENS = path.join(GOLDENS_FOLDER, 'clip-variants.json');

const readVariants = (file: string): VariantFile['variants'] =>
  (JSON.parse(readFileSync(file, 'utf8')) as VariantFile).variants;

export const clipVariantNames = (file = GOLDENS): readonly string[] => Object.keys(readVariants(file));

export function clipVariant(name: string, file = GOLDENS): ClipVariant {
  const stored = readVariants(file)[name];
  if (!stored) throw new Error(`no variant ${name} in ${file}`);
  const { config, tensors, image_embeds, text_embeds } = stored;
  const weights = Object.entries(tensors).map(
    ([tensor, dims]) => [tensor, float32(weightValues(tensor, dims), dims)] as const,
  );
  const { vocab_size, max_position_embeddings } = config.text_config;
  const rows = (base64: string): Float32Array[] => {
    const all = new Float32Array(Uint8Array.from(Buffer.from(base64, 'base64')).buffer);
    return [all.slice(0, config.projection_dim), all.slice(config.projection_dim)];
  };
  return {
    files: { config, preprocessor: {}, weights: new MemoryWeights(name, new Map(weights)) },
    pictures: [0, 1].map((nth) => pictureBytes(nth, config.vision_config.image_size)),
    texts: [5, max_position_embeddings].map((length, n) => textIds(n, length, vocab_size)),
    imageEmbeds: rows(image_embeds),
    textEmbeds: rows(text_embeds),
  };
}

/** Of squares of 16 pixels, half their brightness noise. */
function pictureBytes(nth: number, n: number): Uint8Array {
  const side = Math.ceil(n / 16);
  const squares = words(`picture ${nth} squares`, side * side * 3);
  return Uint8Array.from(words(`picture ${nth}`, n * n * 3), (noise, i) => {
    const [y, x, c] = [Math.floor(i / (3 * n)), Math.floor(i / 3) % n, i % 3];
    return (squares[((y >> 4) * side + (x >> 4)) * 3 + c]! >>> 25) + (noise >>> 25);
  });
}

/** The largest id ends it and stands nowhere else. */
const textIds = (n: number, length: number, vocabSize: number): number[] => [
  ...Array.from(words(`text ${n}`, length - 1), (word) => word % (vocabSize - 1)),
  vocabSize - 1,
];

function weightValues(name: string, dims: readonly number[]): Float32Array {
  const [offset, scale] = distribution(name, dims);
  return Float32Array.from(words(name, elementCount(dims)), (word) => offset + scale * ((word >>> 8) / 2 ** 23 - 1));
}

function distribution(name: string, dims: readonly number[]): [offset: number, scale: number] {
  if (name.endsWith('running_var')) return [1, 0.5];
  if (name.endsWith('running_mean') || name.endsWith('bias')) return [0, 0.1];
  if (name === 'logit_scale') return [2.5, 0];
  if (dims.length === 1 && name.endsWith('weight')) return /bn3|downsample/.test(name) ? [0.4, 0.1] : [1, 0.2];
  if (name.includes('embedding') && dims.length < 4) return [0, 0.5];
  return [0, Math.sqrt((dims.length === 4 ? 6 : 3) / elementCount(dims.slice(1)))];
}

/** 32 bits for each of `count` places, by the name alone: a hash of a counter. */
function words(name: string, count: number): Uint32Array {
  let seed = 0x811c9dc5;
  for (const byte of Buffer.from(name)) seed = Math.imul(seed ^ byte, 0x01000193);
  const all = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    let h = (Math.imul(i, 0x9e3779b1) + seed) >>> 0;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    all[i] = h ^ (h >>> 16);
  }
  return all;
}
