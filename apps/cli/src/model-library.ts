import { access, readdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DomainError } from '@housestyle/domain';
import { readModelLibrary } from '@housestyle/settings';

/**
 * The base models that go by a name: those that ship with the project, the folders of `models/` in the nearest directory
 * above this program; and those that were pulled, the folders of MODEL_LIBRARY.
 */
export class ModelLibrary {
  private constructor(
    /** of base models by name; one that ships has its name before one that was pulled. */
    private readonly directories: ReadonlyMap<string, string>,
    /** where base models are pulled to. */
    readonly pulled: string,
  ) {}

  static async find(): Promise<ModelLibrary> {
    const pulled = resolve(readModelLibrary());
    const shipped = await shippedModels();
    const roots = shipped === undefined ? [pulled] : [pulled, shipped];
    const directories = new Map<string, string>();
    for (const root of roots) for (const name of await foldersIn(root)) directories.set(name, join(root, name));
    return new ModelLibrary(directories, pulled);
  }

  /** In alphabetical order. */
  names(): string[] {
    return [...this.directories.keys()].sort();
  }

  directoryOf(name: string): string {
    return this.directories.get(name) ?? join(this.pulled, name);
  }

  /**
   * The directory that `--model` means: a base model's name, else a directory.
   * @throws DomainError `model_not_found` that says what there is.
   */
  async resolve(nameOrDirectory: string): Promise<string> {
    const named = this.directories.get(nameOrDirectory);
    if (named !== undefined) return named;
    const directory = resolve(nameOrDirectory);
    if (await exists(join(directory, 'gpt2'))) return directory;
    const what = (await exists(directory))
      ? `${nameOrDirectory} holds no base model`
      : `no base model ${nameOrDirectory}`;
    const names = this.names().join(', ') || 'none';
    throw new DomainError('model_not_found', `${what}; available: ${names}, or give a directory, or pull one`);
  }
}

async function shippedModels(): Promise<string | undefined> {
  for (let directory = dirname(fileURLToPath(import.meta.url)); ; directory = dirname(directory)) {
    const candidate = join(directory, 'models');
    if ((await foldersIn(candidate)).includes('demo')) return candidate;
    if (directory === dirname(directory)) return undefined;
  }
}

/** Those that are whole. */
async function foldersIn(root: string): Promise<string[]> {
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory() && !entry.name.endsWith('.part')).map(({ name }) => name);
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
