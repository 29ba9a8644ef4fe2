import { access, readdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DomainError } from '@housestyle/domain';

/** The base models that ship with the project: the folders of `models/` in the nearest directory above this program. */
export class ModelLibrary {
  private constructor(
    /** absolute path; undefined when there is none. */
    private readonly root: string | undefined,
  ) {}

  static async find(): Promise<ModelLibrary> {
    const start = dirname(fileURLToPath(import.meta.url));
    for (let directory = start; ; directory = dirname(directory)) {
      const candidate = join(directory, 'models');
      if (await exists(candidate)) return new ModelLibrary(candidate);
      if (directory === dirname(directory)) return new ModelLibrary(undefined);
    }
  }

  /** In alphabetical order. */
  async names(): Promise<string[]> {
    if (this.root === undefined) return [];
    const entries = await readdir(this.root, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
      .sort();
  }

  directoryOf(name: string): string {
    return join(this.root ?? '.', name);
  }

  /**
   * The directory that `--model` means: a shipped model's name, else a directory.
   * @throws DomainError `model_not_found` that says what there is.
   */
  async resolve(nameOrDirectory: string): Promise<string> {
    const names = await this.names();
    if (names.includes(nameOrDirectory)) return this.directoryOf(nameOrDirectory);
    const directory = resolve(nameOrDirectory);
    if (await exists(join(directory, 'gpt2'))) return directory;
    const what = (await exists(directory))
      ? `${nameOrDirectory} holds no base model`
      : `no base model ${nameOrDirectory}`;
    throw new DomainError('model_not_found', `${what}; available: ${names.join(', ') || 'none'}, or give a directory`);
  }
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
