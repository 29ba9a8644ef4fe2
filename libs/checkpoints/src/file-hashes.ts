import { DomainError } from '@housestyle/domain';
import type { ConfigFields } from '@housestyle/clipcap';
import type { ModelFolder } from './model-folder.js';

/** Lower-case hex sha256 by path inside the folder, as a manifest lists them. */
export type FileHashes = Readonly<Record<string, string>>;

/** @throws DomainError `invalid_model` for what is not a sha256, or a path that leaves its folder. */
export function parseFileHashes(fields: ConfigFields): FileHashes {
  const hashes: Record<string, string> = {};
  for (const [file, hash] of fields.entries()) {
    if (!SAFE_PATH.test(file)) throw new DomainError('invalid_model', `${fields.label}: ${file} is not a plain path`);
    if (typeof hash !== 'string' || !SHA256.test(hash)) {
      throw new DomainError('invalid_model', `${fields.label}: ${file} has no valid sha256`);
    }
    hashes[file] = hash;
  }
  return hashes;
}

/** @throws DomainError `checksum_mismatch` naming the first file that is not what the manifest says. */
export async function verifyFileHashes(folder: ModelFolder, hashes: FileHashes): Promise<void> {
  for (const [file, expected] of Object.entries(hashes)) {
    const found = await folder.sha256(file);
    if (found !== expected) {
      throw new DomainError('checksum_mismatch', `${file} in ${folder.root} has sha256 ${found}, not ${expected}`);
    }
  }
}

export async function hashFiles(folder: ModelFolder, files: readonly string[]): Promise<FileHashes> {
  const hashes: Record<string, string> = {};
  for (const file of files) hashes[file] = await folder.sha256(file);
  return hashes;
}

/** Segments of letters, digits, dot, dash, underscore; none begins with a dot. */
const SAFE_PATH = /^[A-Za-z0-9_-][A-Za-z0-9._-]*(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/;
export const SHA256 = /^[0-9a-f]{64}$/;
