import { access, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SafetensorsFile, writeSafetensors } from '@housestyle/checkpoints';
import { DomainError } from '@housestyle/domain';
import type { Tensor } from '@housestyle/graph';
import type { TrainingState } from '@housestyle/training';

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
    const [file, wanted] = [join(folder, 'run.json'), `${JSON.stringify(run, undefined, 1)}\n`];
    const found = await readFile(file, 'utf8').catch(() => undefined);
    if (found !== undefined && found !== wanted) {
      throw new DomainError(
        'conflict',
        `${folder} has a run with ${difference(found, run)}; finish that one as it was, or give --restart`,
      );
    }
    await mkdir(folder, { recursive: true });
    if (found === undefined) await writeFile(file, wanted);
    return new UnfinishedTraining(folder, found === undefined ? undefined : await readState(join(folder, CHECKPOINT)));
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

/** The first setting that is not the same, for a person to read. */
function difference(found: string, run: object): string {
  let before: Readonly<Record<string, unknown>>;
  try {
    before = JSON.parse(found) as typeof before;
  } catch {
    return 'settings that cannot be read';
  }
  const changed = Object.entries(run).find(([name, value]) => JSON.stringify(before[name]) !== JSON.stringify(value));
  if (!changed) return 'other settings';
  const [name, value] = changed as [string, unknown];
  const shown = (setting: unknown): string => (setting === undefined ? 'unset' : JSON.stringify(setting));
  return `${name} ${shown(before[name])}, not ${shown(value)}`;
}
