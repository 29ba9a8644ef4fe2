import { constants } from 'node:fs';
import { copyFile, link, mkdir, readFile, readdir, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DomainError } from '@housestyle/domain';
import { BASE_MANIFEST, openBaseModel } from '../base-model.js';
import { hashFiles } from '../file-hashes.js';
import { ModelFolder, parseJson, sha256Of } from '../model-folder.js';
import { PyTorchFile } from '../pytorch/pytorch-file.js';
import { writeSafetensors } from '../safetensors-writer.js';
import { withFileLock } from './file-lock.js';

/** What a base model is made of. */
export interface BasePieces {
  /** by their place in the base: `gpt2/config.json` → a file; PyTorch's weights become safetensors. */
  readonly files: ReadonlyMap<string, string>;
  /** writes what is no file yet into the base's folder, when the files are in it. */
  readonly complete?: (folder: string) => Promise<void>;
  /** what it is; absent when housestyle.json is among the files and says so itself. */
  readonly manifest?: BaseOrigin;
}

export interface BaseOrigin {
  readonly version: string;
  /** `org/name@commit`, each: equal lists are equal bases. */
  readonly sources: readonly string[];
  readonly provenance: string;
  readonly licence: string;
}

export type Assembled = 'new' | 'replaced' | 'unchanged';

/**
 * Puts a base model together in `folder`, all of it or nothing, and opens it before it gets its name. Large files are
 * not copied where the file system can give one file two names.
 * @throws DomainError `conflict` when another version is there and may not be replaced; `invalid_model`,
 *   `corrupt_checkpoint`, `checksum_mismatch` when the pieces make no base
 */
export async function assembleBaseModel(
  folder: string,
  pieces: BasePieces,
  { replace = false }: { replace?: boolean } = {},
): Promise<Assembled> {
  const target = path.resolve(folder);
  return withFileLock(`${target}.lock`, async (): Promise<Assembled> => {
    const before = await readFile(path.join(target, BASE_MANIFEST)).catch(() => undefined);
    if (before && (await isMadeOf(before, pieces))) return 'unchanged';
    const isThere = before !== undefined || (await readdir(target).catch(() => [])).length > 0;
    if (isThere && !replace) {
      const why = 'mappers learned on it fit no other; give another --name, or --replace it';
      throw new DomainError('conflict', `${target} holds another version: ${why}`);
    }
    const unfinished = `${target}.part`;
    // somebody was killed here
    await rm(unfinished, { recursive: true, force: true });
    try {
      for (const [place, source] of pieces.files) await put(source, path.join(unfinished, place));
      await pieces.complete?.(unfinished);
      if (pieces.manifest) await writeManifest(unfinished, path.basename(target), pieces.manifest);
      await openBaseModel(unfinished);
      await rm(target, { recursive: true, force: true });
      await rename(unfinished, target);
    } finally {
      await rm(unfinished, { recursive: true, force: true });
    }
    return isThere ? 'replaced' : 'new';
  });
}

async function isMadeOf(manifest: Buffer, { files, manifest: origin }: BasePieces): Promise<boolean> {
  if (!origin) return sha256Of(manifest) === sha256Of(await readFile(files.get(BASE_MANIFEST) ?? ''));
  const found = parseJson(BASE_MANIFEST, manifest) as { readonly sources?: unknown };
  return JSON.stringify(found.sources) === JSON.stringify(origin.sources);
}

async function put(source: string, place: string): Promise<void> {
  // the cache's names are links
  const file = await realpath(source);
  await mkdir(path.dirname(place), { recursive: true });
  if (place.endsWith('.safetensors') && !source.endsWith('.safetensors')) return toSafetensors(file, place);
  if ((await stat(file)).size > LARGE_BYTES) {
    const isLinked = await link(file, place).then(
      () => true,
      () => false,
    );
    if (isLinked) return;
  }
  await copyFile(file, place, constants.COPYFILE_FICLONE);
}

/** Small files are copied: somebody may edit them, and the cache's are not theirs to change. */
const LARGE_BYTES = 2 ** 20;

async function toSafetensors(file: string, place: string): Promise<void> {
  const weights = PyTorchFile.open(file);
  try {
    const tensors = new Map(weights.names().map((name) => [name, weights.stream(name)!]));
    await writeSafetensors(place, tensors, { format: 'pt' });
  } finally {
    weights.close();
  }
}

async function writeManifest(folder: string, name: string, origin: BaseOrigin): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'));
  const hashes = await hashFiles(new ModelFolder(folder), files.sort());
  const manifest = { name, ...origin, files: hashes };
  await writeFile(path.join(folder, BASE_MANIFEST), `${JSON.stringify(manifest, undefined, 2)}\n`);
}
