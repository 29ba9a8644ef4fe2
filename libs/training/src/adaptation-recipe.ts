import { ADAMW_DEFAULTS } from './adamw.js';
import type { TrainingSettings } from './training-run.js';

/** One recipe for every tenant and style; what differs between them is measured on their own captions. */
export const RECIPE = {
  /** of the delta on the decoder's linear layers; the mapper is held, since few captions cost it attributes. */
  rank: 8,
  batchSize: 16,
  /** a decoder that finds the tenant's words likelier than that, in nats a token, needs only be steered. */
  familiarLoss: 3,
  learningRate: { familiar: 4e-3, unfamiliar: 1e-2 },
  steps: { least: 120, perCaption: 1, most: 300 },
  /** an accepted caption is the model's own words: an edited one teaches more. */
  acceptedWeight: 0.5,
  /** retold pictures of the base in each update. */
  replayPerUpdate: 20,
  /** relative to the deviation of an embedding's values. */
  embeddingNoise: 0.4,
  /** captions, grouped by picture, that choose when to stop and how much of the delta to keep. */
  validation: { share: 0.2, least: 4, most: 24 },
  /** times that a run looks at them. */
  validations: 6,
  /** shares of the delta that are tried, interpolating between champion and candidate; the least that is as good. */
  scales: [1, 0.85],
  /** edit distance that as good may be worse by. */
  scaleTolerance: 0.002,
  /** fewer captions held out than that are no hold-out: all are cross-validated. */
  leastHoldOut: 10,
  folds: 4,
  leastPictures: 8,
  /** pictures of the base that are replayed; the others are the slice that content is judged on. */
  replayShare: 7 / 8,
} as const;

/** Updates that many captions are worth. */
export const stepsFor = (captions: number): number =>
  Math.min(RECIPE.steps.most, RECIPE.steps.least + RECIPE.steps.perCaption * captions);

export function recipeSettings(steps: number, learningRate: number, noise: number, seed: number): TrainingSettings {
  return {
    steps,
    learningRate,
    schedule: { warmupShare: 0.1, decay: 'cosine' },
    optimizer: { ...ADAMW_DEFAULTS, weightDecay: 0 },
    maxGradientNorm: 1,
    embeddingNoise: noise,
    batchSize: RECIPE.batchSize,
    accumulation: 1,
    seed,
  };
}
