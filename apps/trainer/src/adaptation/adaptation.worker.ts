import { openBaseModel, readBaseReplay } from '@housestyle/checkpoints';
import { OnnxGraphRunner } from '@housestyle/runtime';
import { createAdapt } from '@housestyle/training';
import { serveAdaptation } from './serve-adaptation.js';

serveAdaptation(async ({ base: { folder, description }, threads }) =>
  createAdapt({
    base: await openBaseModel(folder, description),
    runner: new OnnxGraphRunner(threads === undefined ? {} : { threads }),
    replay: await readBaseReplay(folder),
  }),
);
