import type { MapperVersionFiles } from '@housestyle/clipcap';
import type { Tensor } from '@housestyle/graph';

/** A picture and the caption that stands for it. */
export interface AdaptationExample {
  /** the suggestion's */
  readonly id: string;
  /** CLIP's projected feature, not normalised */
  readonly embedding: Float32Array;
  readonly text: string;
  /** a person wrote it; else a person let the model's own words stand */
  readonly isCorrected: boolean;
  readonly editor?: string;
  readonly reviewedAt: Date;
  /** equal for the same picture, whichever upload of it */
  readonly imageKey: string;
}

export interface AdaptationInput {
  /** oldest review first */
  readonly training: readonly AdaptationExample[];
  /** of other pictures, never trained on; empty or few while every caption is needed for training */
  readonly holdOut: readonly AdaptationExample[];
  /** what a candidate must beat; undefined: the base's own mapper */
  readonly champion?: MapperVersionFiles;
  /** false: something the champion learned from has been erased, so nothing may start from its weights */
  readonly mayStartFromChampion: boolean;
  readonly seed: number;
}

export interface AdaptationProgress {
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
  readonly stage: string;
}

/** One side's figures on the hold-out (or, cross-validated, on all captions). */
export interface CaptionFigures {
  /** mean of Levenshtein / longer length, 0–1; lower is better */
  readonly editDistance: number;
  readonly cider: number;
  /** share of captions equal to the accepted text, 0–1 */
  readonly exactMatch: number;
  /** share of what pictures show that the captions say, 0–1: the base slice's, by words; the judged ones, by CLIP, where the base brings none */
  readonly contentShare: number;
  /** distinct captions of all, 0–1 */
  readonly distinctRatio: number;
  /** tokens */
  readonly meanLength: number;
  /** share of captions that end by themselves, 0–1 */
  readonly stoppedShare: number;
}

/** Champion and candidate side by side. */
export interface AdaptationFigures {
  readonly nHoldOut: number;
  /** true: measured by k-fold over all captions, for want of a hold-out; what the champion has learned of them, both sides have */
  readonly isCrossValidated: boolean;
  readonly champion: CaptionFigures;
  /** cross-validated: what its folds wrote, each under pictures that it had not learned */
  readonly candidate: CaptionFigures;
  /** cross-validated: what the candidate itself writes under the captions that it has learned */
  readonly candidateOnLearned?: Omit<CaptionFigures, 'contentShare'>;
  /** of the paired bootstrap: how likely the candidate is no better */
  readonly bootstrapP: number;
  /** of the same, on the pictures that content is judged on: how likely it says no more; absent where the champion is the base's own mapper */
  readonly contentP?: number;
}

export interface AdaptationOutcome {
  readonly decision: 'promote' | 'refuse';
  /** for a person to read */
  readonly reason: string;
  readonly figures: AdaptationFigures;
  readonly curve: readonly { readonly step: number; readonly loss: number }[];
  readonly examples: readonly {
    readonly id: string;
    readonly reference: string;
    readonly before: string;
    readonly after: string;
  }[];
  /** with `promote`, always */
  readonly candidate?: AdaptedMapper;
  readonly trainableParameters: number;
  readonly seconds: number;
}

/** What `writeMapperArtefact` makes an artefact of. */
export interface AdaptedMapper {
  readonly config: object;
  readonly tensors?: ReadonlyMap<string, Tensor<'float32'>>;
  readonly mapperDelta?: ReadonlyMap<string, Tensor<'float32' | 'float16'>>;
  readonly decoderDelta?: ReadonlyMap<string, Tensor<'float32' | 'float16'>>;
}

/** What a run keeps, so that the next start of the same run need not do it again. */
export interface CheckpointStore {
  /** What an earlier start saved under `name`; undefined: nothing. */
  load<Value>(name: string): Promise<Value | undefined>;
  /** Keeps a structured-cloneable value (maps, dates and typed arrays included), whole or not at all. */
  save(name: string, value: unknown): Promise<void>;
}

export interface AdaptationHooks {
  onProgress(progress: AdaptationProgress): void;
  /** aborted: reject soon, with the signal's reason; what was saved stays */
  readonly signal: AbortSignal;
  readonly checkpoint: CheckpointStore;
}

/** From reviewed captions to a candidate and a verdict: the same input and seed, the same outcome. */
export type Adapt = (input: AdaptationInput, hooks: AdaptationHooks) => Promise<AdaptationOutcome>;
