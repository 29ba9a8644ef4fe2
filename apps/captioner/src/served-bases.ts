import { resolve } from 'node:path';
import { describeBaseModel, openBaseModel, type BaseModelDescription } from '@housestyle/checkpoints';
import { openClip } from '@housestyle/clipcap';
import { DomainError } from '@housestyle/domain';
import { memoryOfWorker } from './base-memory.js';
import type { ServedBase } from './worker-messages.js';

/** A base model directory, hashed and verified: threads open it without doing that again. */
export interface VerifiedBase {
  /** absolute path. */
  readonly directory: string;
  readonly description: BaseModelDescription;
  readonly served: ServedBase;
  /** what it takes in each thread, as estimated. */
  readonly workerBytes: number;
}

/** @throws DomainError that begins with the variable's name. */
export async function readServedBases(directories: readonly string[]): Promise<VerifiedBase[]> {
  try {
    const bases = await Promise.all(directories.map((directory) => readBase(resolve(directory))));
    const names = bases.map(({ served }) => served.name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice) throw new DomainError('invalid_settings', `two directories hold a base model named ${twice}`);
    if (bases.length === 0) throw new DomainError('invalid_settings', 'no base model directory is named');
    return bases;
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    throw new DomainError(error.code, `MODEL_DIRECTORIES: ${error.message}`, { cause: error });
  }
}

async function readBase(directory: string): Promise<VerifiedBase> {
  const description = await describeBaseModel(directory);
  const files = await openBaseModel(directory, description);
  const { name, version, sha256, clip } = files;
  const { imageSize, projectionDim } = openClip(clip);
  const served = { name, version, sha256, imageSize, embeddingSize: projectionDim };
  return { directory, description, served, workerBytes: memoryOfWorker(files) };
}
