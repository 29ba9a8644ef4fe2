import { access, copyFile, mkdir, readFile, readdir, rename, symlink, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { isCommit } from './hub-names.js';

/**
 * One repository's folder in the cache that Hugging Face's tools share (huggingface.co/docs/hub/local-cache):
 * `models--org--name/{blobs/<etag>, refs/<revision>, snapshots/<commit>/<file> → ../../blobs/<etag>}`.
 */
export class HubCache {
  private readonly root: string;
  private readonly locks: string;

  /** @param cache the folder of all repositories */
  constructor(cache: string, repository: string) {
    const folder = `models--${repository.replace('/', '--')}`;
    this.root = path.resolve(cache, folder);
    this.locks = path.resolve(cache, '.locks', folder);
  }

  blob(etag: string): string {
    return path.join(this.root, 'blobs', etag);
  }

  /** Part of a blob. Other tools append to `<etag>.incomplete` under a lock that Node cannot take: this name is ours. */
  partialBlob(etag: string): string {
    return `${this.blob(etag)}.housestyle.incomplete`;
  }

  lock(etag: string): string {
    return path.join(this.locks, `${etag}.housestyle.lock`);
  }

  snapshot(commit: string): string {
    return path.join(this.root, 'snapshots', commit);
  }

  /** The commit that `revision` was when it was last asked for; undefined when it never was. */
  async commitOf(revision: string): Promise<string | undefined> {
    if (isCommit(revision)) return revision;
    const commit = await readFile(path.join(this.root, 'refs', revision), 'utf8').catch(() => '');
    return isCommit(commit.trim()) ? commit.trim() : undefined;
  }

  async rememberCommit(revision: string, commit: string): Promise<void> {
    if (isCommit(revision) || (await this.commitOf(revision)) === commit) return;
    const file = path.join(this.root, 'refs', revision);
    await mkdir(path.dirname(file), { recursive: true });
    const unfinished = `${file}.${randomUUID()}`;
    await writeFile(unfinished, commit);
    await rename(unfinished, file);
  }

  async hasBlob(etag: string): Promise<boolean> {
    return exists(this.blob(etag));
  }

  /** Files of a snapshot that are there to the last byte, by their paths in the repository. */
  async filesOf(commit: string): Promise<string[]> {
    const snapshot = this.snapshot(commit);
    const found = await readdir(snapshot, { recursive: true }).catch(() => []);
    const [files, links] = [
      found.map((file) => file.split(path.sep).join('/')),
      found.map((file) => path.join(snapshot, file)),
    ];
    const areThere = await Promise.all(links.map(exists));
    return files.filter((_, i) => areThere[i]).sort();
  }

  /** Gives a blob its name in a snapshot. */
  async link(commit: string, file: string, etag: string): Promise<void> {
    const pointer = path.join(this.snapshot(commit), file);
    if (await exists(pointer)) return;
    await mkdir(path.dirname(pointer), { recursive: true });
    const unfinished = `${pointer}.${randomUUID()}`;
    try {
      await symlink(path.relative(path.dirname(pointer), this.blob(etag)), unfinished);
    } catch {
      // where there are no links, as other tools do: a copy
      await copyFile(this.blob(etag), unfinished);
    }
    await rename(unfinished, pointer);
  }
}

const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );
