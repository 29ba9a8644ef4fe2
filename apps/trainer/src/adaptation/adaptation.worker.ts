import { openBaseModel, readBaseReplay } from '@housestyle/checkpoints';
import { OnnxGraphRunner, runnersBeside } from '@housestyle/runtime';
import { createAdapt } from '@housestyle/training';
import { serveAdaptation } from './serve-adaptation.js';
import { openTrainingEngine } from './training-engine.js';

serveAdaptation(async ({ base: { folder, description }, threads, engine }) => {
  const trainingEngine = await openTrainingEngine(engine);
  return createAdapt({
    base: await openBaseModel(folder, description),
    runner: new OnnxGraphRunner(threads === undefined ? {} : { threads }),
    parallelRunners: runnersBeside(threads),
    replay: await readBaseReplay(folder),
    ...(trainingEngine && { trainingEngine }),
  });
});
