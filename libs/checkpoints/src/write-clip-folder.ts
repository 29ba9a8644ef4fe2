import { randomUUID } from 'node:crypto';
import { copyFile, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DomainError } from '@housestyle/domain';
import { writeSafetensors, type WritableTensors } from './safetensors-writer.js';

/** The clip/ of a model. */
export interface NewClip {
  readonly config: object;
  readonly preprocessor: object;
  readonly tensors: WritableTensors;
  /** where vocab.json and merges.txt are. */
  readonly tokenizer: string;
  /** told of every piece of weights that is written. */
  readonly onBytes?: (count: number) => void;
}

/**
 * Writes a folder that can be a model's clip/: all of it or nothing.
 * @throws DomainError `conflict` when `folder` exists, `invalid_model` when the tokenizer is not where it should be
 */
export async function writeClipFolder(folder: string, clip: NewClip): Promise<void> {
  const unfinished = `${path.resolve(folder)}.${randomUUID()}.part`;
  const at = (file: string) => path.join(unfinished, file);
  await mkdir(unfinished, { recursive: true });
  try {
    for (const file of ['vocab.json', 'merges.txt']) {
      await copyFile(path.join(clip.tokenizer, file), at(file)).catch((cause: unknown) => {
        throw new DomainError('invalid_model', `${file} cannot be read in ${clip.tokenizer}`, { cause });
      });
    }
    await writeFile(at('config.json'), `${JSON.stringify(clip.config, undefined, 1)}\n`);
    await writeFile(at('preprocessor_config.json'), `${JSON.stringify(clip.preprocessor, undefined, 1)}\n`);
    await writeSafetensors(at('model.safetensors'), clip.tensors, { format: 'pt' }, clip.onBytes);
    await rename(unfinished, folder);
  } catch (cause) {
    await rm(unfinished, { recursive: true, force: true });
    const isOccupied = cause instanceof Error && 'code' in cause && /EEXIST|ENOTEMPTY|ENOTDIR/.test(String(cause.code));
    if (isOccupied) throw new DomainError('conflict', `${folder} exists already`, { cause });
    throw cause;
  }
}
