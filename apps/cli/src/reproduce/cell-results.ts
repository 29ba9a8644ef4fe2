import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { EvaluationScores } from '../evaluation/score-by-domain.js';
import type { TrainingReport } from '../learning/training-job.js';
import { cellId, type GridCell } from './grid-cell.js';

/** What a cell's mapper writes under pictures, scored. */
export interface SetScores {
  /** coco, conceptual, nocaps, or what the person calls it. */
  readonly name: string;
  readonly pictures: number;
  /** at most, of one picture. */
  readonly references: number;
  readonly scores: EvaluationScores;
  /** nocaps'. */
  readonly domains?: Readonly<Record<string, EvaluationScores>>;
  /** share of different captions. */
  readonly distinct: number;
}

/** Where a process was when something was timed; processor seconds are every thread's. */
export interface Timing {
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** of the machine: tasks that wanted a processor in the minute before the end. */
  readonly load: number;
}

export interface CellResult {
  readonly cell: GridCell;
  readonly training: Pick<TrainingReport, 'trainableParameters' | 'steps' | 'loss' | 'device' | 'resumedAfter'> &
    Timing;
  readonly captioning: Timing;
  /** every set with all its references. */
  readonly tests: readonly SetScores[];
  /** pictures that were learned and pictures of the first test set, as many of either, with as many references. */
  readonly compared?: { readonly learned: SetScores; readonly heldOut: SetScores };
}

/** The cells that are done, a JSON file each: whole, or not there. */
export class CellResults {
  constructor(private readonly folder: string) {}

  async find(cell: GridCell): Promise<CellResult | undefined> {
    const text = await readFile(this.fileOf(cell), 'utf8').catch(() => undefined);
    return text === undefined ? undefined : (JSON.parse(text) as CellResult);
  }

  async keep(result: CellResult): Promise<void> {
    const file = this.fileOf(result.cell);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(`${file}.part`, `${JSON.stringify(result, undefined, 1)}\n`);
    await rename(`${file}.part`, file);
  }

  private fileOf(cell: GridCell): string {
    return join(this.folder, 'cells', `${cellId(cell)}.json`);
  }
}
