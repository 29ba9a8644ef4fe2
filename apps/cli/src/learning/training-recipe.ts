import { ADAMW_DEFAULTS, stepsOfEpochs, type TrainingSettings } from '@housestyle/training';

/** What of `housestyle train` decides the result, as it was asked for; what is absent is the preset's. */
export interface RecipeOptions {
  /** as rmokady/CLIP_prefix_caption trains, in every respect that is not asked for otherwise. */
  readonly official: boolean;
  readonly mappingType: 'mlp' | 'transformer';
  readonly prefixLength: number;
  readonly clipLength: number;
  readonly numLayers: number;
  readonly onlyPrefix?: boolean;
  readonly tuneGpt2?: boolean;
  readonly normalizePrefix: boolean;
  readonly epochs?: number;
  readonly batchSize: number;
  readonly lr?: number;
  /** below 1 a share of the run, else updates. */
  readonly warmUp?: number;
  readonly seed: number;
}

/**
 * Rates that a few hundred captions are learned with, at GPT-2's usual width; GPT-2, which can write already, moves more
 * slowly. A narrower decoder's mapper has fewer weights a position and wants larger steps, as the root of the width: the
 * demo's 96 channels (2.8e-3) learn 1,000 captions to 0.52 nats a token on new ones, and to 0.57 at 1e-3.
 */
export const LEARNING_RATES = { mapper: 1e-3, gpt2: 1e-4, width: 768 } as const;

/** Ten epochs as in the official code, or as many as make some hundred updates. */
export const LEAST = { epochs: 10, updates: 300 } as const;

/** Share of a run during which the rate rises. */
export const WARM_UP = 0.1;

/** The official code's own defaults, where ours differ. */
export const OFFICIAL = { lr: 2e-5, warmUpUpdates: 5000, epochs: 10, epsilon: 1e-6, paddingTokenId: 0 } as const;

/** The official code tunes GPT-2 unless told not to, ours does when told to. */
export const tunesGpt2 = ({ official, onlyPrefix, tuneGpt2 }: RecipeOptions): boolean =>
  official ? onlyPrefix !== true : tuneGpt2 === true;

/** Updates that see every caption once, or every one that fills a batch. */
export const updatesPerEpoch = (captions: number, { batchSize, official }: RecipeOptions): number =>
  stepsOfEpochs(captions, 1, { batchSize, accumulation: 1, order: official ? 'shuffled' : 'of-like-length' });

/** How `captions` captions are learned. @param width channels of the decoder */
export function settingsOf(captions: number, width: number, options: RecipeOptions): TrainingSettings {
  const { official, epochs, batchSize, lr, warmUp, seed } = options;
  const ofEpoch = updatesPerEpoch(captions, options);
  const common = { batchSize, accumulation: 1, seed };
  if (official) {
    const steps = ofEpoch * (epochs ?? OFFICIAL.epochs);
    const asked = warmUp ?? OFFICIAL.warmUpUpdates;
    return {
      ...common,
      steps,
      order: 'shuffled',
      learningRate: lr ?? OFFICIAL.lr,
      schedule: { warmupUpdates: asked < 1 ? Math.round(asked * steps) : asked },
      optimizer: { ...ADAMW_DEFAULTS, epsilon: OFFICIAL.epsilon, weightDecay: 0, form: 'huggingface' },
    };
  }
  const steps = ofEpoch * (epochs ?? Math.max(LEAST.epochs, Math.ceil(LEAST.updates / ofEpoch)));
  const scale = Math.sqrt(LEARNING_RATES.width / width);
  const [mapper, gpt2] = [LEARNING_RATES.mapper * scale, LEARNING_RATES.gpt2 * scale];
  const share = warmUp ?? WARM_UP;
  return {
    ...common,
    steps,
    learningRate: lr ?? ((name) => (name.startsWith('clip_project.') ? mapper : gpt2)),
    schedule: { warmupShare: share < 1 ? share : Math.min(1, share / steps), decay: 'linear' },
    optimizer: { ...ADAMW_DEFAULTS, weightDecay: 0 },
    maxGradientNorm: 1,
  };
}
