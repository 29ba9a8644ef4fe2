import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { DomainError } from '@housestyle/domain';

import { assertObjectKey } from './object-key.js';
import type { ObjectStore, StoredObject } from './object-store.js';
import { readObject } from './read-object.js';

/** Unfinished writes live here, inside the root so that the final rename stays within one file system. */
const UNFINISHED = '.unfinished';

/** Objects as plain files under a folder, which is created with the first write. */
export class FileObjectStore implements ObjectStore {
  readonly rootDir: string;

  constructor(rootDir: string) {
    this.rootDir = resolve(rootDir);
  }

  async put(key: string, body: Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
    const target = this.pathOf(key);
    const unfinished = join(this.rootDir, UNFINISHED, randomUUID());
    try {
      await mkdir(dirname(unfinished), { recursive: true });
      await writeDurably(unfinished, body);
      await mkdir(dirname(target), { recursive: true });
      await rename(unfinished, target);
    } catch (error) {
      await rm(unfinished, { force: true });
      throw toStoreError(error, key);
    }
  }

  async get(key: string): Promise<StoredObject> {
    const path = this.pathOf(key);
    try {
      const file = await open(path, 'r');
      const stats = await file.stat();
      if (!stats.isFile()) {
        await file.close();
        throw new DomainError('not_found', `No object ${key}`);
      }
      return { stream: file.createReadStream({ highWaterMark: 256 * 1024 }), size: stats.size };
    } catch (error) {
      throw toStoreError(error, key);
    }
  }

  async read(key: string, { maxBytes }: { readonly maxBytes: number }): Promise<Buffer> {
    try {
      return await readObject(await this.get(key), maxBytes);
    } catch (error) {
      throw toStoreError(error, key);
    }
  }

  async exists(key: string): Promise<boolean> {
    try {
      return (await stat(this.pathOf(key))).isFile();
    } catch (error) {
      const known = toStoreError(error, key);
      if (known.code === 'not_found') return false;
      throw known;
    }
  }

  async delete(key: string): Promise<void> {
    try {
      await rm(this.pathOf(key), { force: true });
    } catch (error) {
      const known = toStoreError(error, key);
      if (known.code !== 'not_found') throw known;
    }
  }

  uriOf(key: string): string {
    return pathToFileURL(this.pathOf(key)).href;
  }

  private pathOf(key: string): string {
    assertObjectKey(key);
    return join(this.rootDir, key);
  }
}

/** Bytes reach the disk before the rename makes them visible, so a crash leaves no empty object behind. */
async function writeDurably(path: string, body: Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await writeFile(file, body);
    await file.sync();
  } finally {
    await file.close();
  }
}

function toStoreError(error: unknown, key: string): DomainError {
  if (error instanceof DomainError) return error;
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new DomainError('not_found', `No object ${key}`, { cause: error });
  }
  if (code === 'EISDIR' || code === 'EEXIST' || code === 'ENOTEMPTY' || code === 'ERR_FS_EISDIR') {
    return new DomainError('conflict', `${key} is the beginning of other keys, or continues one`, { cause: error });
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new DomainError('forbidden', `The store may not touch ${key}`, { cause: error });
  }
  return new DomainError('store_unavailable', `The folder of ${key} did not answer (${code ?? String(error)})`, {
    cause: error,
  });
}
