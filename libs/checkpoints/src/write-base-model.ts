import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DomainError } from '@housestyle/domain';
import { BASE_MANIFEST, filesOfBase } from './base-model.js';
import { BASE_REPLAY } from './base-replay.js';
import { captionsBeside, writeFeatures, type Features } from './feature-file.js';
import { hashFiles } from './file-hashes.js';
import { MAPPER_CONFIG, MAPPER_WEIGHTS } from './mapper-files.js';
import { ModelFolder } from './model-folder.js';
import { writeSafetensors, type WritableTensors } from './safetensors-writer.js';

/** A base model out of another one's folder: the same CLIP and tokenizers, a GPT-2 and a mapper of its own. */
export interface NewBaseModel {
  /** the other base's folder, or the folders of the two parts that it takes over. */
  readonly from: string | { readonly clip: string; readonly gpt2: string };
  /** the folder's name when absent. */
  readonly name?: string;
  /** by their names in the file; `kept`: the other one's. */
  readonly gpt2: WritableTensors | 'kept';
  /** in place of the other one's config.json. */
  readonly gpt2Config?: object;
  readonly mapper: { readonly config: object; readonly tensors: WritableTensors };
  readonly provenance: string;
  readonly licence?: string;
  /** for tenants' training to replay. */
  readonly replay?: Features;
  /** told of every piece of weights that is written. */
  readonly onBytes?: (count: number) => void;
}

/**
 * Writes a new base model: all of it or nothing. Its name is the folder's.
 * @throws DomainError `conflict` when `folder` exists
 */
export async function writeBaseModel(folder: string, base: NewBaseModel): Promise<void> {
  const unfinished = `${path.resolve(folder)}.${randomUUID()}.part`;
  const at = (file: string) => path.join(unfinished, file);
  try {
    const from = await partFolders(base.from);
    const own = base.gpt2 === 'kept' ? [] : [WEIGHTS];
    const files = [
      ...(await copyFolder(from.clip, at('clip'), [])),
      ...(await copyFolder(from.gpt2, at('gpt2'), own)),
    ].map((file) => path.relative(unfinished, file));
    await mkdir(at('mapper'), { recursive: true });
    const [gpt2, mapper, config] = [`gpt2/${WEIGHTS}`, `mapper/${MAPPER_WEIGHTS}`, `mapper/${MAPPER_CONFIG}`];
    if (base.gpt2 !== 'kept') await writeSafetensors(at(gpt2), base.gpt2, { format: 'pt' }, base.onBytes);
    if (base.gpt2Config) await writeFile(at('gpt2/config.json'), jsonOf(base.gpt2Config));
    await writeSafetensors(at(mapper), base.mapper.tensors, { format: 'pt' }, base.onBytes);
    await writeFile(at(config), jsonOf(base.mapper.config));
    if (base.replay) await writeFeatures(at(BASE_REPLAY), base.replay);
    const replay = base.replay ? [BASE_REPLAY, captionsBeside(BASE_REPLAY)] : [];
    const hashes = await hashFiles(
      new ModelFolder(unfinished),
      [...new Set([...files, gpt2, mapper, config, ...replay])].sort(),
    );
    const { name = path.basename(path.resolve(folder)), provenance, licence } = base;
    const manifest = { name, version: '1', licence, provenance, files: hashes };
    await writeFile(at(BASE_MANIFEST), `${JSON.stringify(manifest, undefined, 2)}\n`);
    await rename(unfinished, folder);
  } catch (cause) {
    await rm(unfinished, { recursive: true, force: true });
    const isOccupied = cause instanceof Error && 'code' in cause && /EEXIST|ENOTEMPTY|ENOTDIR/.test(String(cause.code));
    if (isOccupied) throw new DomainError('conflict', `${folder} exists already`, { cause });
    throw cause;
  }
}

async function partFolders(from: NewBaseModel['from']): Promise<{ readonly clip: string; readonly gpt2: string }> {
  if (typeof from !== 'string') return from;
  const files = await filesOfBase(from);
  return { clip: files.pathOf('clip'), gpt2: files.pathOf('gpt2') };
}

/**
 * Copies the plain files of one folder, without copying bytes where the file system can share them. A download from a
 * hub may hold the same weights once more, in other programs' formats: those stay behind.
 */
async function copyFolder(from: string, to: string, without: readonly string[]): Promise<string[]> {
  await mkdir(to, { recursive: true });
  const entries = await readdir(from, { withFileTypes: true });
  const names = entries
    .filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.'))
    .map((entry) => entry.name)
    .filter((name) => !without.includes(name) && !OTHER_WEIGHTS.test(name));
  for (const name of names) await copyFile(path.join(from, name), path.join(to, name), constants.COPYFILE_FICLONE);
  return names.map((name) => path.join(to, name));
}

const jsonOf = (value: object): string => `${JSON.stringify(value, undefined, 1)}\n`;

const WEIGHTS = 'model.safetensors';
const OTHER_WEIGHTS = /\.(bin|pt|pth|h5|msgpack|ot|onnx|tflite|mlmodel|gguf)$/;
