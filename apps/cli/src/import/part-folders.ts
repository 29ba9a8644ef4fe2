import { access } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { filesOfBase } from '@housestyle/checkpoints';
import { DomainError } from '@housestyle/domain';
import { ModelLibrary } from '../model-library.js';

/** What a model directory needs beside the checkpoint. */
export type Part = 'clip' | 'gpt2';

/**
 * The folder of the part that `given` means: a base model, by name or directory, whose part it is; or the part's own.
 * @throws DomainError `model_not_found`, or `invalid_model` naming the file that it lacks
 */
export async function findPart(part: Part, given: string): Promise<string> {
  const folder = await folderOf(part, given);
  for (const file of NEEDED[part]) {
    if (await exists(join(folder, file))) continue;
    throw new DomainError('invalid_model', `${folder} has no ${file}, which the ${part}/ of a model needs`);
  }
  return folder;
}

async function folderOf(part: Part, given: string): Promise<string> {
  const library = await ModelLibrary.find();
  const folder = library.names().includes(given) ? library.directoryOf(given) : resolve(given);
  if (await exists(join(folder, 'gpt2'))) return (await filesOfBase(folder)).pathOf(part);
  if (await exists(join(folder, 'config.json'))) return folder;
  const names = library.names().join(', ') || 'none';
  const what = `${given} is neither a folder of a ${part} with its config.json nor a base model; there are: ${names}`;
  throw new DomainError('model_not_found', what);
}

const NEEDED: Readonly<Record<Part, readonly string[]>> = {
  clip: ['config.json', 'merges.txt', 'model.safetensors', 'preprocessor_config.json', 'vocab.json'],
  gpt2: ['config.json', 'merges.txt', 'vocab.json'],
};

export const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );
