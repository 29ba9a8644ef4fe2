import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DomainError } from '@housestyle/domain';
import { MAPPER_CONFIG, MAPPER_WEIGHTS } from './mapper-files.js';
import { writeSafetensors, type WritableTensors } from './safetensors-writer.js';

/** A mapper of its own, which belongs to no base yet: it works with any that it fits. */
export interface NewMapper {
  readonly config: object;
  readonly tensors: WritableTensors;
  /** told of every piece of weights that is written. */
  readonly onBytes?: (count: number) => void;
}

/**
 * Writes a plain mapper directory: all of it or nothing.
 * @throws DomainError `conflict` when `folder` exists
 */
export async function writeMapperDirectory(folder: string, { config, tensors, onBytes }: NewMapper): Promise<void> {
  const unfinished = `${path.resolve(folder)}.${randomUUID()}.part`;
  await mkdir(unfinished, { recursive: true });
  try {
    await writeFile(path.join(unfinished, MAPPER_CONFIG), `${JSON.stringify(config, undefined, 1)}\n`);
    await writeSafetensors(path.join(unfinished, MAPPER_WEIGHTS), tensors, { format: 'pt' }, onBytes);
    await rename(unfinished, folder);
  } catch (cause) {
    await rm(unfinished, { recursive: true, force: true });
    const isOccupied = cause instanceof Error && 'code' in cause && /EEXIST|ENOTEMPTY|ENOTDIR/.test(String(cause.code));
    if (isOccupied) throw new DomainError('conflict', `${folder} exists already`, { cause });
    throw cause;
  }
}
