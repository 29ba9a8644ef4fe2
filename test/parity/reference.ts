import { readFileSync } from 'node:fs';
import path from 'node:path';
import { openBaseModel, SafetensorsFile } from '@housestyle/checkpoints';
import type { BaseModelFiles } from '@housestyle/clipcap';

/** The reference values: PyTorch and transformers, fp32, eager attention, on eight pictures and five texts. */
export const GOLDENS_FOLDER = path.join(import.meta.dirname, 'goldens');
export const DEMO_MODEL = path.join(import.meta.dirname, '../../models/demo');

export const NUM_PICTURES = 8;

const tensors = SafetensorsFile.open(path.join(GOLDENS_FOLDER, 'inference.safetensors'));

/** A reference tensor's values. */
export function reference(name: string): Float32Array {
  const values = tensors.read(name);
  if (!values) throw new Error(`no reference tensor ${name}`);
  return values;
}

/** Row `row` of a reference tensor whose first dimension counts pictures. */
export function referenceRow(name: string, row: number): Float32Array {
  const all = reference(name);
  const width = all.length / NUM_PICTURES;
  return all.subarray(row * width, (row + 1) * width);
}

/** The eight pictures at the model's size: uint8 RGB, 64 × 64 × 3. */
export function referencePictures(): Uint8Array[] {
  const crops = tensors.tensor('crop_u8');
  if (crops?.type !== 'uint8') throw new Error('crop_u8 is not uint8');
  const bytes = crops.data.length / NUM_PICTURES;
  return Array.from({ length: NUM_PICTURES }, (_, n) => crops.data.slice(n * bytes, (n + 1) * bytes));
}

export interface ReferenceBeam {
  readonly ids: readonly number[];
  readonly text: string;
  readonly score: number;
}

export interface ReferencePicture {
  readonly file: string;
  readonly teacher_forced_ids: readonly number[];
  readonly mlp: ReferenceCaptions;
  readonly transformer: ReferenceCaptions;
}

export interface ReferenceCaptions {
  readonly greedy: {
    readonly ids: readonly number[];
    readonly text: string;
    readonly token_log_probs: readonly number[];
  };
  readonly beam5: readonly ReferenceBeam[];
}

export interface ReferenceTexts {
  readonly pictures: readonly ReferencePicture[];
  readonly texts: readonly {
    readonly text: string;
    readonly clip_ids: readonly number[];
    readonly gpt2_ids: readonly number[];
  }[];
  readonly beam5_entry_length_4_picture0: Readonly<Record<MapperKind, readonly ReferenceBeam[]>>;
}

export const MAPPER_KINDS = ['mlp', 'transformer'] as const;
export type MapperKind = (typeof MAPPER_KINDS)[number];

/** Where the demo base keeps each mapper. */
export const MAPPER_FOLDERS: Readonly<Record<MapperKind, string>> = {
  mlp: path.join(DEMO_MODEL, 'mapper'),
  transformer: path.join(DEMO_MODEL, 'mapper-transformer'),
};

export const referenceTexts = (): ReferenceTexts =>
  JSON.parse(readFileSync(path.join(GOLDENS_FOLDER, 'goldens.json'), 'utf8')) as ReferenceTexts;

export const demoBase = (): Promise<BaseModelFiles> => openBaseModel(DEMO_MODEL);
