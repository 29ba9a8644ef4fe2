import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Tensor } from '@housestyle/graph';
import { DomainError } from '@housestyle/domain';
import { BASE_MANIFEST, filesOfBase } from './base-model.js';
import { BASE_REPLAY } from './base-replay.js';
import { captionsBeside, writeFeatures, type Features } from './feature-file.js';
import { hashFiles } from './file-hashes.js';
import { MAPPER_CONFIG, MAPPER_WEIGHTS } from './mapper-files.js';
import { ModelFolder } from './model-folder.js';
import { writeSafetensors } from './safetensors-writer.js';

/** A base model out of another one's folder: the same CLIP and tokenizers, a GPT-2 and a mapper of its own. */
export interface NewBaseModel {
  readonly from: string;
  /** by their names in the file. */
  readonly gpt2: ReadonlyMap<string, Tensor<'float32'>>;
  readonly mapper: { readonly config: object; readonly tensors: ReadonlyMap<string, Tensor<'float32'>> };
  readonly provenance: string;
  readonly licence?: string;
  /** for tenants' training to replay. */
  readonly replay?: Features;
}

/**
 * Writes a new base model: all of it or nothing. Its name is the folder's.
 * @throws DomainError `conflict` when `folder` exists
 */
export async function writeBaseModel(folder: string, base: NewBaseModel): Promise<void> {
  const unfinished = `${path.resolve(folder)}.${randomUUID()}.part`;
  const at = (file: string) => path.join(unfinished, file);
  try {
    const from = await filesOfBase(base.from);
    const files = [
      ...(await copyFolder(from, unfinished, 'clip', [])),
      ...(await copyFolder(from, unfinished, 'gpt2', ['model.safetensors'])),
    ];
    await mkdir(at('mapper'), { recursive: true });
    const [gpt2, mapper, config] = ['gpt2/model.safetensors', `mapper/${MAPPER_WEIGHTS}`, `mapper/${MAPPER_CONFIG}`];
    await writeSafetensors(at(gpt2), base.gpt2, { format: 'pt' });
    await writeSafetensors(at(mapper), base.mapper.tensors, { format: 'pt' });
    await writeFile(at(config), `${JSON.stringify(base.mapper.config, undefined, 1)}\n`);
    if (base.replay) await writeFeatures(at(BASE_REPLAY), base.replay);
    const replay = base.replay ? [BASE_REPLAY, captionsBeside(BASE_REPLAY)] : [];
    const hashes = await hashFiles(new ModelFolder(unfinished), [...files, gpt2, mapper, config, ...replay].sort());
    const { provenance, licence } = base;
    const manifest = { name: path.basename(path.resolve(folder)), version: '1', licence, provenance, files: hashes };
    await writeFile(at(BASE_MANIFEST), `${JSON.stringify(manifest, undefined, 2)}\n`);
    await rename(unfinished, folder);
  } catch (cause) {
    await rm(unfinished, { recursive: true, force: true });
    const isOccupied = cause instanceof Error && 'code' in cause && /EEXIST|ENOTEMPTY|ENOTDIR/.test(String(cause.code));
    if (isOccupied) throw new DomainError('conflict', `${folder} exists already`, { cause });
    throw cause;
  }
}

/** Copies the plain files of one folder, without copying bytes where the file system can share them. */
async function copyFolder(from: ModelFolder, to: string, name: string, without: readonly string[]): Promise<string[]> {
  await mkdir(path.join(to, name), { recursive: true });
  const entries = await readdir(from.pathOf(name), { withFileTypes: true });
  const files = entries.filter(
    (entry) => !entry.isDirectory() && !entry.name.startsWith('.') && !without.includes(entry.name),
  );
  for (const { name: file } of files) {
    await copyFile(from.pathOf(`${name}/${file}`), path.join(to, name, file), constants.COPYFILE_FICLONE);
  }
  return files.map(({ name: file }) => `${name}/${file}`);
}
