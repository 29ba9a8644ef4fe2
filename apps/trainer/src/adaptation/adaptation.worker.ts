import { openBaseModel, readBaseReplay } from '@housestyle/checkpoints';
import { OnnxGraphRunner, runnersBeside, WorkerPool } from '@housestyle/runtime';
import { createAdapt, type CaptionOrder, type GeneratedCaption } from '@housestyle/training';
import { serveAdaptation } from './serve-adaptation.js';
import { openTrainingEngine } from './training-engine.js';

serveAdaptation(async ({ base, threads, engine }) => {
  const trainingEngine = await openTrainingEngine(engine);
  const parallelRunners = runnersBeside(threads);
  return createAdapt({
    base: await openBaseModel(base.folder, base.description),
    runner: new OnnxGraphRunner(threads === undefined ? {} : { threads }),
    parallelRunners,
    openCaptionThreads: () =>
      new WorkerPool<CaptionOrder, GeneratedCaption[]>({
        script: new URL('./caption.worker.js', import.meta.url),
        size: parallelRunners.length + 1,
        workerData: base,
      }),
    replay: await readBaseReplay(base.folder),
    ...(trainingEngine && { trainingEngine }),
  });
});
