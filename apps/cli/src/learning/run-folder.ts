import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DomainError } from '@housestyle/domain';

/**
 * Makes `folder` the place of a run, or finds it there: `run.json` has whatever decides its result.
 * @param advice what to do when another run has it
 * @returns whether the run was begun before
 * @throws DomainError `conflict` when the folder is another run's
 */
export async function claimRunFolder(folder: string, run: object, advice: string): Promise<boolean> {
  const [file, wanted] = [join(folder, 'run.json'), `${JSON.stringify(run, undefined, 1)}\n`];
  const found = await readFile(file, 'utf8').catch(() => undefined);
  if (found !== undefined && found !== wanted) {
    throw new DomainError('conflict', `${folder} has a run with ${difference(found, run)}; ${advice}`);
  }
  await mkdir(folder, { recursive: true });
  if (found === undefined) await writeFile(file, wanted);
  return found !== undefined;
}

/** The first setting that is not the same, for a person to read. */
function difference(found: string, run: object): string {
  let before: Readonly<Record<string, unknown>>;
  try {
    before = JSON.parse(found) as typeof before;
  } catch {
    return 'settings that cannot be read';
  }
  const changed = Object.entries(run).find(([name, value]) => JSON.stringify(before[name]) !== JSON.stringify(value));
  if (!changed) return 'other settings';
  const [name, value] = changed as [string, unknown];
  const shown = (setting: unknown): string => (setting === undefined ? 'unset' : JSON.stringify(setting));
  return `${name} ${shown(before[name])}, not ${shown(value)}`;
}
