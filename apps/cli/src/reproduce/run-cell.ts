import { readFile, rm, writeFile } from 'node:fs/promises';
import type { OfficialJars } from '../evaluation/official-jars.js';
import { runTraining } from '../learning/training-job.js';
import type { CellProgress } from './cell-progress.js';
import type { CellResult, SetScores } from './cell-results.js';
import type { GridCell } from './grid-cell.js';
import { evenly, leastReferences, withReferences } from './picture-set.js';
import type { ReproduceOptions } from './reproduce.command.js';
import { scoreSet, TrainedCaptioner, type PictureSet } from './score-cell.js';
import { Stopwatch } from './stopwatch.js';

interface Scoring {
  readonly base: string;
  readonly jars: OfficialJars | undefined;
  readonly tests: readonly PictureSet[];
  /** pictures that were learned; absent: they are not looked at. */
  readonly learned: PictureSet | undefined;
}

/** One cell of the grid, from features to scores; killed in training, it goes on from its checkpoint. */
export class CellRun {
  constructor(
    private readonly cell: GridCell,
    /** where the mapper or the model goes. */
    private readonly out: string,
    private readonly options: ReproduceOptions,
    private readonly progress: CellProgress,
  ) {}

  async train(): Promise<CellResult['training']> {
    const known = await readFile(this.trainingFile, 'utf8').catch(() => undefined);
    if (known !== undefined) return JSON.parse(known) as CellResult['training'];
    await rm(this.out, { recursive: true, force: true }); // written, and then killed before it was noted
    const watch = new Stopwatch();
    const { clipLength, numLayers, official, normalizePrefix, epochs, batchSize, lr, warmUp } = this.options;
    const { train: features, model, seed, device, engine } = this.options;
    const { tuneGpt2, mappingType, prefixLength } = this.cell;
    const { trainableParameters, steps, loss, resumedAfter } = await runTraining(
      {
        ...{ features, model, out: this.out, device, engine, seed, restart: false, checkpointEvery: CHECKPOINT_EVERY },
        ...{ official, mappingType, prefixLength, clipLength, numLayers, normalizePrefix, epochs, batchSize },
        ...(tuneGpt2 ? { tuneGpt2 } : { onlyPrefix: true }),
        ...(lr !== undefined && { lr }),
        ...(warmUp !== undefined && { warmUp }),
      },
      {
        mention: () => undefined,
        progress: ({ step, steps: all, loss: now }) =>
          this.progress.show(this.cell, `update ${step} of ${all}, loss ${now.toFixed(3)}`),
      },
    );
    const training = { trainableParameters, steps, loss, device, resumedAfter, ...watch.timing() };
    await writeFile(this.trainingFile, JSON.stringify(training));
    return training;
  }

  async score({ base, jars, tests, learned }: Scoring): Promise<Omit<CellResult, 'cell' | 'training'>> {
    const watch = new Stopwatch();
    const { numBeams, device } = this.options;
    const trained = this.cell.tuneGpt2 ? { model: this.out } : { base, mapper: this.out };
    const captioner = await TrainedCaptioner.open(trained, numBeams, device);
    const write = async ({ name, pictures }: PictureSet): Promise<string[]> => {
      let done = 0;
      return captioner.caption(pictures, (count) =>
        this.progress.show(this.cell, `${name}: caption ${(done += count)} of ${pictures.length}`),
      );
    };
    try {
      const scored: SetScores[] = [];
      let ofFirst: readonly string[] = [];
      for (const test of tests) {
        const captions = await write(test);
        if (scored.length === 0) ofFirst = captions;
        scored.push(await scoreSet(test, captions, jars));
      }
      const ofLearned = learned && (await write(learned));
      const captioning = watch.timing();
      const compared = learned && ofLearned && (await compare(learned, ofLearned, tests[0]!, ofFirst));
      return { captioning, tests: scored, ...(compared && { compared }) };
    } finally {
      await captioner.release();
    }
  }

  async discard(): Promise<void> {
    await rm(this.out, { recursive: true, force: true });
    await rm(this.trainingFile, { force: true });
  }

  private get trainingFile(): string {
    return `${this.out}.training.json`;
  }
}

const CHECKPOINT_EVERY = 500;

/** Two sets of pictures, as many of either and with as many references: else their scores say nothing of each other. */
async function compare(
  learned: PictureSet,
  ofLearned: readonly string[],
  heldOut: PictureSet,
  ofHeldOut: readonly string[],
): Promise<NonNullable<CellResult['compared']>> {
  const count = Math.min(learned.pictures.length, heldOut.pictures.length);
  const references = Math.min(leastReferences(learned.pictures), leastReferences(heldOut.pictures));
  const score = ({ name, pictures }: PictureSet, captions: readonly string[]): Promise<SetScores> =>
    scoreSet(
      { name, pictures: withReferences(evenly(pictures, count), references) },
      evenly(captions, count),
      undefined,
    );
  return { learned: await score(learned, ofLearned), heldOut: await score(heldOut, ofHeldOut) };
}
