import { access, stat } from 'node:fs/promises';
import { DomainError } from '@housestyle/domain';

/** @throws DomainError `not_found` */
export async function expectFolder(folder: string): Promise<void> {
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) throw new DomainError('not_found', `${folder}: no such folder of pictures`);
}

/** @throws DomainError `conflict`: sooner than after an hour of training. */
export async function expectFree(out: string): Promise<void> {
  const isTaken = await access(out).then(
    () => true,
    () => false,
  );
  if (isTaken) throw new DomainError('conflict', `${out} exists already; give another --out`);
}
