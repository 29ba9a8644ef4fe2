import { ADAMW_DEFAULTS } from './adamw.js';
import type { TrainingSettings } from './training-run.js';

/** One recipe for every tenant and style; what differs between them is measured on their own captions. */
export const RECIPE = {
  /** of the delta on the decoder's linear layers; the mapper is held, since few captions cost it attributes. */
  rank: 8,
  /** of the delta on the word table besides, where the decoder has to write words that it never wrote. */
  wordRank: 8,
  /** a decoder that finds the tenant's words likelier than that, in nats a token, needs only be steered. */
  familiarLoss: 3,
  /** an accepted caption is the model's own words: an edited one teaches more. */
  acceptedWeight: 0.5,
  /** retold pictures of the base that make a run well fed, or their share where the base brings few: it then learns the style from them, and keeps its content. */
  enoughRetold: { pictures: 400, share: 0.5 },
  wellFed: {
    /** `ownPerUpdate`: the tenant's captions in each update, so that each is seen about as often whatever their number. */
    familiar: {
      learningRate: 6e-3,
      steps: 1200,
      ownPerUpdate: { least: 2, perCaption: 1 / 50, most: 8 },
      replayPerUpdate: 32,
    },
    /** captions are longer in words that the decoder spells piece by piece: fewer of them for as many updates. */
    unfamiliar: {
      learningRate: 1e-2,
      steps: 1600,
      ownPerUpdate: { least: 1, perCaption: 1 / 50, most: 2 },
      replayPerUpdate: 18,
    },
  },
  /** with few or no retold pictures the captions are learned by heart quickly: fewer updates, much noise. */
  underfed: {
    learningRate: { familiar: 4e-3, unfamiliar: 1e-2 },
    steps: { least: 120, perCaption: 1, most: 300 },
    ownPerUpdate: 16,
    replayPerUpdate: 20,
    /** relative to the deviation of an embedding's values. */
    embeddingNoise: 0.4,
  },
  /** captions, grouped by picture, that choose when to stop and how much of the delta to keep. */
  validation: { share: 0.1, least: 4, most: 24 },
  /** times that a run looks at them. */
  validations: 6,
  /** shares of the delta that are tried, interpolating between champion and candidate. */
  scales: [1, 0.85],
  /** edit distance that less than the whole must gain: it costs content, for colours then keep to their things less well. */
  scaleGain: 0.005,
  /** fewer captions held out than that are no hold-out: all are cross-validated. */
  leastHoldOut: 10,
  /** fewer captions held out tell only which words a tenant keeps, not which it renames. */
  enoughForRenamed: 30,
  /** a word of the base's in so many of the captions, and without a name, is one that the tenant does not tell. */
  shownOften: 4,
  folds: 4,
  /** at most, of each fold's run. */
  foldSteps: 160,
  leastPictures: 8,
  /** updates between checkpoints. */
  checkpointSteps: 100,
  /** of the base's pictures, the last ones, which content is judged on; the others are replayed. */
  contentSlice: { share: 1 / 8, most: 1000 },
} as const;

/** The base's pictures that runs replay, and the slice that content is judged on. */
export function divideReplay<Picture>(pictures: readonly Picture[]): {
  readonly replayed: readonly Picture[];
  readonly slice: readonly Picture[];
} {
  const { share, most } = RECIPE.contentSlice;
  const from = pictures.length - Math.min(most, Math.round(share * pictures.length));
  return { replayed: pictures.slice(0, from), slice: pictures.slice(from) };
}

/** How long and on what a delta is trained. */
export interface Diet {
  readonly isWellFed: boolean;
  /** of a delta on the word table; absent: none is trained. */
  readonly wordRank?: number;
  readonly steps: number;
  readonly learningRate: number;
  readonly ownPerUpdate: number;
  readonly replayPerUpdate: number;
  /** relative to the deviation of an embedding's values. */
  readonly embeddingNoise: number;
}

/** @param retold how many `of` the base's pictures are told in the tenant's words */
export function dietFor(captions: number, retold: number, of: number, isFamiliar: boolean): Diet {
  const words = isFamiliar ? 'familiar' : 'unfamiliar';
  if (retold < Math.min(RECIPE.enoughRetold.pictures, RECIPE.enoughRetold.share * of) || retold === 0) {
    const { steps, learningRate, ...rest } = RECIPE.underfed;
    const enough = Math.min(steps.most, steps.least + steps.perCaption * captions);
    return { ...rest, isWellFed: false, steps: enough, learningRate: learningRate[words] };
  }
  const { ownPerUpdate, ...rest } = RECIPE.wellFed[words];
  const { least, perCaption, most } = ownPerUpdate;
  return {
    ...rest,
    isWellFed: true,
    ...(!isFamiliar && { wordRank: RECIPE.wordRank }),
    embeddingNoise: 0,
    ownPerUpdate: Math.min(most, Math.max(least, Math.round(perCaption * captions))),
  };
}

export function recipeSettings(
  { steps, learningRate, ownPerUpdate }: Diet,
  noise: number,
  seed: number,
): TrainingSettings {
  return {
    steps,
    learningRate,
    schedule: { warmupShare: 0.1, decay: 'linear' },
    optimizer: { ...ADAMW_DEFAULTS, weightDecay: 0 },
    maxGradientNorm: 1,
    embeddingNoise: noise,
    batchSize: ownPerUpdate,
    accumulation: 1,
    seed,
  };
}
