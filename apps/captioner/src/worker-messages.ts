import type { GenerationDefaults, Precision, PrefixPosition } from '@housestyle/clipcap';
import type { ErrorCode, Hypothesis } from '@housestyle/domain';
import type { Device } from '@housestyle/runtime';
import type { MapperLimits } from './loaded-mappers.js';
import type { VerifiedBase } from './served-bases.js';

/** What every inference thread is started with. */
export interface WorkerData {
  readonly base: VerifiedBase;
  readonly device: Device;
  /** of one inference. */
  readonly threads: number;
  readonly maxBatch: number;
  readonly precision: Precision;
  readonly mapperLimits: MapperLimits;
}

/** What the captioner's main thread asks of its inference threads, many at once; what is under way together is their part. */
export interface WorkerRequest {
  readonly work: ItemWork;
  readonly item: WorkItem;
}

/** What is made of an item. */
export type ItemWork =
  | {
      readonly kind: 'caption';
      /** what it leaves open, each mapper decides, then the base. */
      readonly generation: GenerationDefaults;
    }
  | {
      readonly kind: 'interpret';
      /** words of each position. */
      readonly topK: number;
    };

export interface WorkItem {
  readonly input: ItemInput;
  /** absent: the base's own mapper. */
  readonly mapper?: LocalMapper;
}

export type ItemInput =
  | { readonly kind: 'pixels'; readonly rgb: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'embedding'; readonly values: Float32Array<ArrayBuffer> };

/** A mapper artefact, verified and on this machine. */
export interface LocalMapper {
  readonly sha256: string;
  /** absolute path. */
  readonly directory: string;
}

/** A base model as the request edge needs to know it. */
export interface ServedBase {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
  /** pixels of one side. */
  readonly imageSize: number;
  readonly embeddingSize: number;
}

export type ItemOutcome = CaptionedItem | InterpretedItem | FailedItem;

export interface CaptionedItem {
  readonly isOk: true;
  readonly embedding: Float32Array;
  /** best first. */
  readonly hypotheses: readonly Hypothesis[];
}

export interface InterpretedItem {
  readonly isOk: true;
  readonly positions: readonly PrefixPosition[];
}

export interface FailedItem {
  readonly isOk: false;
  readonly code: ErrorCode;
  readonly message: string;
}
