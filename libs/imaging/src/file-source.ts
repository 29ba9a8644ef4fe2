import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

import { DomainError } from '@housestyle/domain';

import { tooLarge } from './collect-bytes.js';

/**
 * Reads a `file:` URI that lies under one of `roots`, before and after symbolic links are followed; without roots
 * there are no `file:` URIs. What lies outside is refused the same way whether it exists or not.
 */
export async function readFileSource(
  uri: URL,
  roots: readonly string[],
  maxBytes: number,
  signal: AbortSignal,
): Promise<Buffer> {
  const path = pathOf(uri);
  const realRoots = await Promise.all(roots.map((root) => realpath(root).catch(() => undefined)));
  const allowed = [...roots.map((root) => resolve(root)), ...realRoots.filter((root) => root !== undefined)];
  if (!isUnder(path, allowed)) throw notAllowed();
  try {
    const realPath = await realpath(path);
    if (!isUnder(realPath, allowed)) throw notAllowed();
    // the last link was followed above, and a pipe in place of the file must not hold us up
    const file = await open(realPath, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stats = await file.stat();
      if (!stats.isFile()) throw new DomainError('source_not_found', 'The path is not a file');
      if (stats.size > maxBytes) throw tooLarge(maxBytes);
      // read as far as it was when it was opened, whatever is written to it meanwhile
      return stats.size === 0 ? Buffer.alloc(0) : await file.readFile({ signal });
    } finally {
      await file.close();
    }
  } catch (error) {
    signal.throwIfAborted();
    throw toSourceError(error);
  }
}

function pathOf(uri: URL): string {
  try {
    if (uri.pathname.includes('%00')) throw new TypeError('a NUL in the path');
    return fileURLToPath(uri);
  } catch (cause) {
    throw new DomainError('uri_not_allowed', 'The file: URI names another host or no path', { cause });
  }
}

const isUnder = (path: string, roots: readonly string[]): boolean =>
  roots.some((root) => path.startsWith(root.endsWith(sep) ? root : root + sep));

const notAllowed = (): DomainError => new DomainError('uri_not_allowed', 'file: URIs outside the allowed folders');

function toSourceError(error: unknown): Error {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') return new DomainError('source_not_found', 'No such file');
  if (code === 'EACCES' || code === 'EPERM' || code === 'ELOOP') {
    return new DomainError('source_forbidden', 'The file may not be read');
  }
  if (error instanceof DomainError) return error;
  return new DomainError('source_unavailable', `The file could not be read (${code ?? 'unknown'})`, { cause: error });
}
