import { describeBaseModel } from '@housestyle/checkpoints';
import type { LocalBase } from './adaptation/adaptation-messages.js';

/** The base models that mappers can be trained for here, by name. */
export type LocalBases = ReadonlyMap<string, LocalBase>;

/** @throws DomainError when a folder holds none, or one whose files are not what it says */
export async function readLocalBases(folders: readonly string[]): Promise<LocalBases> {
  const bases = await Promise.all(
    folders.map(async (folder) => ({ folder, description: await describeBaseModel(folder) })),
  );
  return new Map(bases.map((base) => [base.description.name, base]));
}
