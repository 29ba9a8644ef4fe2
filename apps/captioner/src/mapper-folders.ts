import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join, resolve } from 'node:path';

/** A folder's name: the artefact's sha256. */
const WHOLE = /^[0-9a-f]{64}$/;
/** What is being pulled or removed. */
const UNFINISHED = '.part';
/** A pull writes all the time or is given up long before this: another process with the same root may be at it. */
const ABANDONED_AFTER_MS = 5 * 60_000;

interface Folder {
  readonly sha256: string;
  readonly bytes: number;
  readonly usedAtMs: number;
}

/**
 * The folders of mapper artefacts under one root, each whole or not there. Beyond `maxBytes` together the longest
 * unused are removed, but never the newest nor one that is held.
 */
export class MapperFolders {
  private readonly root: string;
  private readonly holders = new Map<string, number>();
  private readonly removals = new Map<string, Promise<void>>();
  /** an artefact never changes: each is measured once. */
  private readonly measured = new Map<string, number>();
  /** the last trim had to leave what was held. */
  private isOverLimit = false;
  private trimming: Promise<void> = Promise.resolve();

  constructor(
    root: string,
    private readonly maxBytes: number,
    private readonly onTrimFailed: (error: unknown) => void,
  ) {
    this.root = resolve(root);
  }

  pathOf(sha256: string): string {
    return join(this.root, sha256);
  }

  /** Keeps these from being removed until the returned function is called, whether they are there yet or not. */
  hold(sha256s: Iterable<string>): () => void {
    const held = [...sha256s];
    for (const sha256 of held) this.holders.set(sha256, (this.holders.get(sha256) ?? 0) + 1);
    return () => {
      for (const sha256 of held.splice(0)) {
        const left = this.holders.get(sha256)! - 1;
        if (left > 0) this.holders.set(sha256, left);
        else this.holders.delete(sha256);
      }
      if (this.isOverLimit) void this.trim();
    };
  }

  /** Whether the folder is there; it counts as used now. */
  async isThere(sha256: string): Promise<boolean> {
    await this.removals.get(sha256);
    const now = new Date();
    return utimes(this.pathOf(sha256), now, now).then(
      () => true,
      () => false,
    );
  }

  /** Makes the folder out of what `write` puts into the empty one it is given, or leaves nothing behind. */
  async fill(sha256: string, write: (unfinished: string) => Promise<void>): Promise<void> {
    const unfinished = this.unfinishedOf(sha256);
    try {
      await mkdir(unfinished, { recursive: true });
      await write(unfinished);
      await rename(unfinished, this.pathOf(sha256));
    } catch (error) {
      await rm(unfinished, { recursive: true, force: true });
      // another process with the same root was faster
      if (!(await this.isThere(sha256))) throw error;
    }
    void this.trim();
  }

  /** Removes what is beyond the limit, and what a killed process left unfinished. */
  trim(): Promise<void> {
    this.trimming = this.trimming.then(() => this.trimNow()).catch(this.onTrimFailed);
    return this.trimming;
  }

  private async trimNow(): Promise<void> {
    const names = await readdir(this.root).catch(() => []);
    await Promise.all(
      names.filter((name) => name.endsWith(UNFINISHED)).map((name) => this.sweep(join(this.root, name))),
    );
    const found = await Promise.all(names.filter((name) => WHOLE.test(name)).map((name) => this.inspect(name)));
    const folders = found.filter((folder) => folder !== undefined).sort((a, b) => b.usedAtMs - a.usedAtMs);
    let bytes = 0;
    this.isOverLimit = false;
    for (const [rank, folder] of folders.entries()) {
      if (rank === 0 || bytes + folder.bytes <= this.maxBytes) {
        bytes += folder.bytes;
      } else if (this.holders.has(folder.sha256)) {
        bytes += folder.bytes;
        this.isOverLimit = true;
      } else {
        await this.remove(folder.sha256);
      }
    }
  }

  private async remove(sha256: string): Promise<void> {
    const leaving = this.unfinishedOf(sha256);
    // whoever asks for it meanwhile waits, and then pulls it again
    const renamed = rename(this.pathOf(sha256), leaving).catch(() => undefined);
    this.removals.set(sha256, renamed);
    await renamed;
    this.removals.delete(sha256);
    this.measured.delete(sha256);
    await rm(leaving, { recursive: true, force: true });
  }

  private async inspect(sha256: string): Promise<Folder | undefined> {
    try {
      const { mtimeMs } = await stat(this.pathOf(sha256));
      const bytes = this.measured.get(sha256) ?? (await filesOf(this.pathOf(sha256))).bytes;
      this.measured.set(sha256, bytes);
      return { sha256, bytes, usedAtMs: mtimeMs };
    } catch {
      // removed meanwhile
      return undefined;
    }
  }

  private async sweep(unfinished: string): Promise<void> {
    try {
      const { changedAtMs } = await filesOf(unfinished);
      if (Date.now() - changedAtMs < ABANDONED_AFTER_MS) return;
      await rm(unfinished, { recursive: true, force: true });
    } catch {
      // finished, or swept by another process, meanwhile
    }
  }

  private unfinishedOf(sha256: string): string {
    return join(this.root, `${sha256}.${randomUUID()}${UNFINISHED}`);
  }
}

/** The bytes of all files in `folder`, and when the last of them (or the folder) changed. */
async function filesOf(folder: string): Promise<{ bytes: number; changedAtMs: number }> {
  const entries = await readdir(folder, { recursive: true });
  const stats = await Promise.all(['.', ...entries].map((entry) => stat(join(folder, entry))));
  return {
    bytes: stats.reduce((sum, entry) => sum + (entry.isFile() ? entry.size : 0), 0),
    changedAtMs: Math.max(...stats.map(({ mtimeMs }) => mtimeMs)),
  };
}
