import { stat } from 'node:fs/promises';
import path from 'node:path';

/**
 * The directories that `namesOrDirectories` mean: each itself if it is one, else the base of that name in `library`,
 * else still itself, for whoever opens it to complain of.
 */
export const locateBaseModels = (namesOrDirectories: readonly string[], library: string): Promise<string[]> =>
  Promise.all(
    namesOrDirectories.map(async (given) => {
      const pulled = path.join(library, given);
      const isPulled = NAME.test(given) && !(await isFolder(given)) && (await isFolder(pulled));
      return isPulled ? pulled : given;
    }),
  );

const NAME = /^[A-Za-z0-9][\w.-]*$/;

const isFolder = (folder: string): Promise<boolean> =>
  stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
