import { stat } from 'node:fs/promises';
import path from 'node:path';

/** The directory that `nameOrDirectory` means: itself if there is one, else the base of that name in `library`. */
export async function locateBaseModel(nameOrDirectory: string, library: string): Promise<string> {
  if (!NAME.test(nameOrDirectory) || (await isFolder(nameOrDirectory))) return path.resolve(nameOrDirectory);
  const pulled = path.resolve(library, nameOrDirectory);
  return (await isFolder(pulled)) ? pulled : path.resolve(nameOrDirectory);
}

const NAME = /^[A-Za-z0-9][\w.-]*$/;

const isFolder = (folder: string): Promise<boolean> =>
  stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
