import { describeBaseModel } from '@housestyle/checkpoints';
import { DomainError } from '@housestyle/domain';
import type { LocalBase } from './adaptation/adaptation-messages.js';

/** The base models that mappers can be trained for here, by name. */
export type LocalBases = ReadonlyMap<string, LocalBase>;

/** @throws DomainError when a folder holds none, or one whose files are not what it says, or another's name */
export async function readLocalBases(folders: readonly string[]): Promise<LocalBases> {
  const bases = new Map<string, LocalBase>();
  for (const folder of folders) {
    const description = await describeBaseModel(folder);
    const { name } = description;
    const other = bases.get(name);
    if (other) {
      const message = `MODEL_DIRECTORIES: ${other.folder} and ${folder} both hold a base model named ${name}`;
      throw new DomainError('invalid_settings', message);
    }
    bases.set(name, { folder, description });
  }
  return bases;
}
