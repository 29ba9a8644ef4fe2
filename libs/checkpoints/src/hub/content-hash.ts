import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

/**
 * What the hub says of a file's bytes, by the entity tag it gives it: a sha256 (64 digits) where the file is in large
 * storage, else git's id of the blob (40 digits), which is the sha1 of `blob <length>\0` and the bytes.
 */
export const isContentHash = (etag: string): boolean => /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(etag);

/** Of the kind that `like` is; the file is read in pieces. */
export async function contentHash(file: string, like: string): Promise<string> {
  const hash = like.length === 64 ? createHash('sha256') : gitBlobHash((await stat(file)).size);
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

const gitBlobHash = (sizeBytes: number): Hash => createHash('sha1').update(`blob ${sizeBytes}\0`);
