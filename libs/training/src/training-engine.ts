import type { Gpt2Config, MapperConfig } from '@housestyle/clipcap';
import type { WeightSource } from '@housestyle/graph';
import type { CaptionExample } from './caption-example.js';
import type { Gradients } from './gradients.js';
import type { Parameters } from './parameters.js';

/** The captioner to train, between the image's embedding and the loss; weights not among the parameters are frozen. */
export interface TrainingModel {
  readonly mapper: { readonly config: MapperConfig; readonly weights: WeightSource };
  readonly gpt2: { readonly config: Gpt2Config; readonly weights: WeightSource };
  /** deltas that stay as they are: `key`.A and `key`.B of any linear layer. */
  readonly deltas?: WeightSource;
}

/** Shares of the values that GPT-2 drops in each training step; 0 drops none. */
export interface DropoutShares {
  readonly embedding: number;
  readonly attention: number;
  readonly residual: number;
}

export interface CompileOptions {
  /** usual where all of GPT-2 is tuned; none when absent. */
  readonly dropout?: DropoutShares;
}

/** Computes losses and gradients; knows no optimiser, no schedule and no files. */
export interface TrainingEngine {
  /**
   * Readies `model` for steps on `parameters`, whose arrays the session reads anew at each step.
   * @throws DomainError `invalid_model`
   */
  compile(model: TrainingModel, parameters: Parameters, options?: CompileOptions): Promise<TrainingSession>;
}

export interface TrainingSession {
  /** Σ weight·cross-entropy over the captions' tokens / `normalizer`, and its gradient by every parameter. */
  step(examples: readonly CaptionExample[], options: StepOptions): Promise<StepResult>;
  /** The same loss, nothing dropped, without gradients. */
  loss(examples: readonly CaptionExample[], normalizer: number): Promise<number>;
  release(): Promise<void>;
}

export interface StepOptions {
  /** of all batches that one update is made of: `tokenWeight` makes the loss a mean. */
  readonly normalizer: number;
  /** decides what is dropped. */
  readonly dropoutSeed: number;
}

export interface StepResult {
  readonly loss: number;
  /** of every parameter; the caller's to keep. */
  readonly gradients: Gradients;
  /** Gives the gradients' memory back at once; they are empty from then on. Absent: the garbage collector does. */
  readonly giveBack?: () => void;
}
