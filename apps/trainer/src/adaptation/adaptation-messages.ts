import type { BaseModelDescription } from '@housestyle/checkpoints';
import type { TrainedMapper } from '@housestyle/database';
import type { ErrorCode, MapperReference } from '@housestyle/domain';
import type { AdaptationInput, AdaptationOutcome, AdaptationProgress } from '@housestyle/training';
import type { TrainingEngineChoice } from './training-engine.js';

/** A base model on this machine, verified. */
export interface LocalBase {
  readonly folder: string;
  readonly description: BaseModelDescription;
}

/** Where artefacts and checkpoints are kept; each thread opens it for itself. */
export interface StoreLocation {
  readonly location: string;
  readonly endpoint?: string;
  readonly region?: string;
}

/** What an adaptation thread starts with. */
export interface AdaptationOrder {
  readonly base: LocalBase;
  readonly store: StoreLocation;
  /** keys of this run's checkpoints begin with it */
  readonly checkpointKey: string;
  readonly input: Omit<AdaptationInput, 'champion'>;
  /** undefined: the base's own mapper */
  readonly champion?: MapperReference;
  /** undefined: one per core */
  readonly threads?: number;
  readonly engine: TrainingEngineChoice;
}

export type AdaptationResult = Omit<AdaptationOutcome, 'candidate'> & {
  /** already in the store; with `promote`, always */
  readonly mapper?: TrainedMapper;
};

export type AdaptationReport =
  | { readonly kind: 'progress'; readonly progress: AdaptationProgress }
  | { readonly kind: 'result'; readonly result: AdaptationResult }
  | { readonly kind: 'failure'; readonly code: ErrorCode; readonly message: string };

/** The one thing an order's thread is told. */
export const STOP = 'stop';
