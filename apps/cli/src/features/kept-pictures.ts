import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * Downloaded pictures in a folder, each named after the sha256 of its URL, so that a changed list never gives a picture
 * another's captions; 256 folders, for there may be millions.
 */
export class KeptPictures {
  constructor(private readonly folder: string) {}

  async find(url: string): Promise<Buffer | undefined> {
    try {
      return await readFile(this.pathOf(url));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** All of it or none, should a kill come between. */
  async keep(url: string, bytes: Uint8Array): Promise<void> {
    const path = this.pathOf(url);
    await mkdir(dirname(path), { recursive: true });
    const unfinished = `${path}.${randomUUID()}.part`;
    await writeFile(unfinished, bytes);
    await rename(unfinished, path);
  }

  private pathOf(url: string): string {
    const name = createHash('sha256').update(url).digest('hex').slice(0, 32);
    return join(this.folder, name.slice(0, 2), name);
  }
}
