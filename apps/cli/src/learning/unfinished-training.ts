import { access, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SafetensorsFile, writeSafetensors } from '@housestyle/checkpoints';
import type { Tensor } from '@housestyle/graph';
import type { TrainingState } from '@housestyle/training';
import { claimRunFolder } from './run-folder.js';

/**
 * A training run's folder while it is not done: `run.json`, what it trains on what, and `checkpoint.safetensors`, where
 * it last was, whole or not there at all.
 */
export class UnfinishedTraining {
  private constructor(
    private readonly folder: string,
    /** where an earlier start of the same run was. */
    readonly resumeFrom: TrainingState | undefined,
  ) {}

  /**
   * @param run whatever decides the result
   * @throws DomainError `conflict` when the folder is another run's
   */
  static async open(folder: string, run: object): Promise<UnfinishedTraining> {
    const wasBegun = await claimRunFolder(folder, run, 'finish that one as it was, or give --restart');
    return new UnfinishedTraining(folder, wasBegun ? await readState(join(folder, CHECKPOINT)) : undefined);
  }

  async save({ step, tensors }: TrainingState): Promise<void> {
    await writeSafetensors(join(this.folder, CHECKPOINT), tensors, { step: String(step) });
  }

  async discard(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

const CHECKPOINT = 'checkpoint.safetensors';

async function readState(file: string): Promise<TrainingState | undefined> {
  const isThere = await access(file).then(
    () => true,
    () => false,
  );
  if (!isThere) return undefined;
  const saved = SafetensorsFile.open(file);
  const tensors = saved.names().map((name) => [name, saved.tensor(name) as Tensor<'float32'>] as const);
  return { step: Number(saved.metadata['step']), tensors: new Map(tensors) };
}
