import { access, readdir, stat } from 'node:fs/promises';
import { DomainError } from '@housestyle/domain';

/** @throws DomainError `not_found` */
export async function expectFolder(folder: string): Promise<void> {
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) throw new DomainError('not_found', `${folder}: no such folder of pictures`);
}

/** The names of the picture files in it, by their endings, in order. */
export async function picturesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.flatMap((entry) => (entry.isFile() && PICTURE.test(entry.name) ? entry.name : [])).sort();
}

const PICTURE = /\.(jpe?g|png|webp|gif|tiff?|avif)$/i;

/** @throws DomainError `conflict`: sooner than after an hour of training. */
export async function expectFree(out: string): Promise<void> {
  const isTaken = await access(out).then(
    () => true,
    () => false,
  );
  if (isTaken) throw new DomainError('conflict', `${out} exists already; give another --out`);
}
