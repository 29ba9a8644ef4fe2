import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import {
  captionsBeside,
  describeBaseModel,
  openBaseModel,
  readFeatures,
  withFileLock,
  type BaseModelDescription,
} from '@housestyle/checkpoints';
import type { Device } from '@housestyle/runtime';
import { train, type TrainingEngine, type TrainingProgress } from '@housestyle/training';
import { expectFree } from '../folders.js';
import { ModelLibrary } from '../model-library.js';
import { sha256OfFile } from './file-sha256.js';
import { expectSameClip } from './same-clip.js';
import { openTrainingEngine, type EngineName } from './training-engine.js';
import { planTraining, type TrainingPlan } from './training-plan.js';
import { tunesGpt2, type RecipeOptions } from './training-recipe.js';
import { writeResult } from './training-result.js';
import { UnfinishedTraining } from './unfinished-training.js';
import { counted, grouped } from '../wording.js';

export interface TrainingJob extends RecipeOptions {
  /** NAME.safetensors */
  readonly features: string;
  readonly model: string;
  readonly out: string;
  readonly device: Device;
  readonly engine: EngineName;
  /** updates between checkpoints. */
  readonly checkpointEvery: number;
  /** forgets what an interrupted run has done. */
  readonly restart: boolean;
}

/** How far a run is. */
export interface TrainingWatcher {
  progress(progress: TrainingProgress): void;
  /** what a person should know, and no failure. */
  mention(remark: string): void;
}

/** What a run came to. */
export interface TrainingReport {
  readonly out: string;
  readonly use: '--model' | '--mapper';
  readonly trainableParameters: number;
  readonly captions: number;
  readonly steps: number;
  /** of them made by an earlier process. */
  readonly resumedAfter: number;
  /** mean of the last epoch's updates. */
  readonly loss: number | undefined;
  readonly device: string;
  /** of this process. */
  readonly seconds: number;
}

/**
 * Trains a mapper, and GPT-2 where asked to, on features, and writes the mapper or the model. Killed and run again, it
 * goes on.
 * @throws DomainError `conflict` when OUT is there, another run's, or being trained by another process
 */
export async function runTraining(options: TrainingJob, watcher: TrainingWatcher): Promise<TrainingReport> {
  const refusal = `${options.out} is being trained by another process; give another --out`;
  return withFileLock(`${resolve(options.out)}.lock`, () => runLocked(options, watcher), { refusal });
}

async function runLocked(options: TrainingJob, watcher: TrainingWatcher): Promise<TrainingReport> {
  await expectFree(options.out);
  const begun = performance.now();
  const engine = await openTrainingEngine(options.engine, options.device);
  const folder = await (await ModelLibrary.find()).resolve(options.model);
  const description = await describeBaseModel(folder);
  const features = await readFeatures(options.features);
  expectSameClip(options.features, features, description);
  const plan = planTraining(await openBaseModel(folder, description), features, options);
  if (plan.cut > 0) watcher.mention(`${counted(plan.cut, 'caption')} too long: cut`);
  const unfinished = await unfinishedTraining(options, description);
  const resumedAfter = unfinished.resumeFrom?.step ?? 0;
  if (resumedAfter > 0) {
    watcher.mention(`going on after ${counted(resumedAfter, 'update')} of ${grouped(plan.settings.steps)}`);
  }
  const losses = await runPlan(engine, plan, unfinished, options, watcher);
  await writeResult(folder, description, features, plan, options);
  await unfinished.discard();
  return {
    out: options.out,
    use: tunesGpt2(options) ? '--model' : '--mapper',
    trainableParameters: [...plan.parameters.values()].reduce((sum, { data }) => sum + data.length, 0),
    captions: plan.examples.length,
    steps: plan.settings.steps,
    resumedAfter,
    loss: losses.length === 0 ? undefined : losses.reduce((sum, loss) => sum + loss, 0) / losses.length,
    device: options.device,
    seconds: (performance.now() - begun) / 1000,
  };
}

async function unfinishedTraining(options: TrainingJob, { sha256 }: BaseModelDescription): Promise<UnfinishedTraining> {
  const { features, model, out, device, engine, restart } = options;
  const { official, mappingType, prefixLength, clipLength, numLayers, normalizePrefix } = options;
  const { epochs, batchSize, lr, warmUp, seed } = options;
  const folder = `${resolve(out)}.unfinished`;
  const tuneGpt2 = tunesGpt2(options);
  const network = { official, mappingType, prefixLength, clipLength, numLayers, tuneGpt2, normalizePrefix };
  const run = {
    model,
    base: sha256,
    features: await sha256OfFile(features),
    captions: await sha256OfFile(captionsBeside(features)),
    ...network,
    ...{ epochs, batchSize, lr, warmUp, seed, device, engine },
  };
  if (restart) await rm(folder, { recursive: true, force: true });
  return UnfinishedTraining.open(folder, run);
}

/** @returns the losses of the last epoch's updates. */
async function runPlan(
  engine: TrainingEngine,
  { model, parameters, examples, settings, updatesPerEpoch, dropout }: TrainingPlan,
  unfinished: UnfinishedTraining,
  { checkpointEvery }: TrainingJob,
  watcher: TrainingWatcher,
): Promise<number[]> {
  const session = await engine.compile(model, parameters, dropout && { dropout });
  const losses: number[] = [];
  try {
    const { resumeFrom } = unfinished;
    await train({
      session,
      parameters,
      examples,
      settings,
      ...(resumeFrom && { resumeFrom }),
      checkpoint: { everySteps: checkpointEvery, save: (state) => unfinished.save(state) },
      onProgress: async (progress) => {
        losses.push(progress.loss);
        watcher.progress(progress);
        await new Promise((done) => setImmediate(done)); // Ctrl-C is heard between steps
      },
    });
  } finally {
    await session.release();
  }
  return losses.slice(-updatesPerEpoch);
}
