import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decoderWidthOf, embeddingWidthOf, expectGpt2, type ClipCapParts } from '@housestyle/checkpoints';
import { ConfigFields, parseGpt2Config } from '@housestyle/clipcap';
import { DomainError } from '@housestyle/domain';
import { findPart } from './part-folders.js';

/** What a mapper is to stand between. */
export interface Surroundings {
  /** P of CLIP. */
  readonly embeddingWidth: number;
  /** C of GPT-2. */
  readonly decoderWidth: number;
  /** the folders that a model takes over; absent where only the mapper is wanted. */
  readonly folders?: { readonly clip: string; readonly gpt2: string };
  /** of GPT-2. */
  readonly gpt2Config?: object;
}

export interface SurroundingsOptions {
  /** where CLIP and GPT-2 come from, unless they are named one by one. */
  readonly base?: string;
  readonly clip?: string;
  readonly gpt2?: string;
  readonly mapperOnly: boolean;
}

/**
 * Finds CLIP and GPT-2 and checks that the checkpoint fits GPT-2's configuration.
 * @throws DomainError `invalid_request` saying what to give; `model_not_found`, `invalid_model`
 */
export async function findSurroundings(parts: ClipCapParts, options: SurroundingsOptions): Promise<Surroundings> {
  const { clip = options.base, gpt2 = options.base, mapperOnly } = options;
  const ownWidth = parts.gpt2 && decoderWidthOf(parts.gpt2);
  const embeddingWidth = embeddingWidthOf(parts.mapper);
  if (mapperOnly && gpt2 === undefined && ownWidth !== undefined) return { embeddingWidth, decoderWidth: ownWidth };
  if (gpt2 === undefined) throw lacking("GPT-2's configuration and tokenizer", '--gpt2');
  const gpt2Folder = await findPart('gpt2', gpt2);
  const gpt2Config = await configIn(gpt2Folder);
  if (parts.gpt2) expectGpt2(parts.gpt2, gpt2Config);
  const decoderWidth = parseGpt2Config(gpt2Config, join(gpt2Folder, 'config.json')).width;
  if (mapperOnly) return { embeddingWidth, decoderWidth };
  if (clip === undefined) throw lacking('CLIP', '--clip');
  const clipFolder = await findPart('clip', clip);
  const clipFields = new ConfigFields(join(clipFolder, 'config.json'), await configIn(clipFolder));
  return {
    embeddingWidth: clipFields.size('projection_dim', 512),
    decoderWidth,
    folders: { clip: clipFolder, gpt2: gpt2Folder },
    gpt2Config,
  };
}

async function configIn(folder: string): Promise<object> {
  const file = join(folder, 'config.json');
  try {
    const parsed: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (typeof parsed === 'object' && parsed !== null) return parsed;
  } catch (cause) {
    throw new DomainError('invalid_model', `${file} is not JSON`, { cause });
  }
  throw new DomainError('invalid_model', `${file} is not a JSON object`);
}

const lacking = (what: string, option: string): DomainError =>
  new DomainError(
    'invalid_request',
    `a checkpoint does not hold ${what}: give ${option} DIR, as downloaded from a hub, or --base MODEL to take CLIP and GPT-2 from`,
  );
