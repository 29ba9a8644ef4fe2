import type { Tensor } from '@housestyle/graph';
import type { AdamWSettings } from './adamw.js';
import type { BatchSettings } from './batch-plan.js';
import type { CaptionExample } from './caption-example.js';
import type { Parameters } from './parameters.js';
import type { Schedule } from './schedule.js';
import type { TrainingSession } from './training-engine.js';

export interface TrainingSettings extends BatchSettings {
  /** updates of the parameters. */
  readonly steps: number;
  /** at the schedule's top: one for all parameters, or one for each by its name. */
  readonly learningRate: number | ((parameter: string) => number);
  readonly schedule: Schedule;
  readonly optimizer: AdamWSettings;
  /** longer gradients are shortened to this length. */
  readonly maxGradientNorm?: number;
  /** deviation of the normal noise laid on every embedding's values at each step. */
  readonly embeddingNoise?: number;
  /** of the base's own examples, so that its strength is not forgotten: each update has others, all before any comes again. */
  readonly replay?: { readonly examples: readonly CaptionExample[]; readonly perUpdate: number };
}

export interface TrainingRun {
  readonly session: TrainingSession;
  /** those the session was compiled with; trained in place. */
  readonly parameters: Parameters;
  readonly examples: readonly CaptionExample[];
  readonly settings: TrainingSettings;
  /** where an earlier run of the same settings and examples was when it last saved. */
  readonly resumeFrom?: TrainingState;
  readonly checkpoint?: {
    readonly everySteps: number;
    /** Called behind `onProgress`. Keeps `state`, whose arrays are live: they may change as soon as the promise is kept. */
    save(state: TrainingState): Promise<void>;
  };
  /** After every update; 'stop' ends the run there. */
  onProgress?(progress: TrainingProgress): 'stop' | void | Promise<'stop' | void>;
  readonly signal?: AbortSignal;
}

/** All that a run is, beside its settings and examples. */
export interface TrainingState {
  /** updates made. */
  readonly step: number;
  /** `parameter.NAME`, and the optimiser's `first.NAME` and `second.NAME`. */
  readonly tensors: ReadonlyMap<string, Tensor<'float32'>>;
}

export interface TrainingProgress {
  /** updates made, and to be made in all. */
  readonly step: number;
  readonly steps: number;
  /** mean cross-entropy per token of the update's examples, before it. */
  readonly loss: number;
  /** before clipping. */
  readonly gradientNorm: number;
  /** of the rates asked for. */
  readonly learningRateFactor: number;
  /** caption tokens trained on so far in this process. */
  readonly tokens: number;
}

export interface TrainingOutcome {
  readonly step: number;
  /** of the last update; undefined when there was none to make. */
  readonly loss?: number;
  readonly isStoppedEarly: boolean;
}
