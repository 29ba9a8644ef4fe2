/**
 * The messages of proto/captioner/v1/captioner.proto as @grpc/proto-loader hands them over with `LOADER_OPTIONS`:
 * camelCase names, enums as their names, `bytes` as Buffer, absent messages as null (undefined in a oneof). What a
 * sender may leave out is optional here. messages.spec.ts fails when these fields and the .proto drift apart.
 */
export interface CaptionRequest {
  baseModel: string;
  items: CaptionItem[];
  /** what it leaves open, the mapper decides, then the base model. */
  generation?: WireGenerationSettings | null;
}

/** Exactly one of `pixels` and `embedding`. */
export interface CaptionItem {
  /** chosen by the caller, unique in the request; comes back with the result. */
  id: string;
  pixels?: Pixels | null;
  embedding?: Embedding | null;
  /** absent: the base model's own mapper. */
  mapper?: WireMapperReference | null;
}

export interface Pixels {
  /** interleaved RGB, image_size × image_size × 3 bytes. */
  rgb: Uint8Array;
}

export interface Embedding {
  /** float32 little-endian, [embedding_size]; see `embeddingFromBytes`. */
  values: Uint8Array;
}

export interface WireMapperReference {
  id: string;
  /** lower-case hex, of the artefact's manifest. */
  sha256: string;
  /** directory key inside the captioner's artefact store. */
  key: string;
}

export type WireDecode = 'DECODE_UNSPECIFIED' | 'DECODE_BEAM' | 'DECODE_GREEDY' | 'DECODE_NUCLEUS' | 'DECODE_SAMPLE';
export type WireScoring = 'SCORING_UNSPECIFIED' | 'SCORING_CLIPCAP' | 'SCORING_HF';

export interface WireGenerationSettings {
  decode?: WireDecode;
  /** 0: left open; 5 when nobody says. */
  numBeams?: number;
  /** 0: left open; 67 when nobody says. */
  maxNewTokens?: number;
  /** empty: left open; the full stop when nobody says. */
  stopTokenIds?: number[];
  scoring?: WireScoring;
  /** of beams under SCORING_HF; absent: left open; 1 when nobody says. */
  lengthPenalty?: number | null;
  /** of draws, as the other four; 0: left open; 1 when nobody says. */
  temperature?: number;
  /** 0: left open; all tokens when nobody says. */
  topK?: number;
  /** 0: left open; 1 when nobody says. */
  topP?: number;
  /** 0: left open; 0 when nobody says. */
  seed?: number;
  /** hypotheses at most; 0: left open; every beam, or one draw, when nobody says. */
  numReturnSequences?: number;
}

export interface CaptionResponse {
  baseModel: string;
  baseModelSha256: string;
  /** in the order of the request's items. */
  results: CaptionResult[];
}

export interface CaptionResult {
  id: string;
  status: ItemStatus;
  mapperId: string;
  /** null unless the item's status is `ok`. */
  embedding: Embedding | null;
  /** best first; empty unless the item's status is `ok`. */
  hypotheses: WireHypothesis[];
}

export interface ItemStatus {
  /** `ok`, or an error code of the product. */
  code: string;
  message: string;
  isRetryable: boolean;
}

export interface WireHypothesis {
  text: string;
  /** mean log-probability per token; under SCORING_HF the sum / length^lengthPenalty. */
  score: number;
  tokens: number[];
  isStopped: boolean;
}

export interface InterpretRequest {
  baseModel: string;
  items: CaptionItem[];
  /** words of each position, 1 to 50; 0: 5. */
  topK?: number;
}

export interface InterpretResponse {
  baseModel: string;
  baseModelSha256: string;
  /** in the order of the request's items. */
  results: InterpretResult[];
}

export interface InterpretResult {
  id: string;
  status: ItemStatus;
  mapperId: string;
  /** empty unless the item's status is `ok`. */
  positions: WirePrefixPosition[];
}

export interface WirePrefixPosition {
  /** Euclidean length of the vector. */
  norm: number;
  /** nearest first. */
  words: WirePrefixWord[];
}

export interface WirePrefixWord {
  tokenId: number;
  /** with the space it may begin with. */
  text: string;
  /** of the angle between the word's embedding and the vector. */
  cosine: number;
}

export type ListBaseModelsRequest = Record<string, never>;

export interface ListBaseModelsResponse {
  baseModels: BaseModel[];
}

export interface BaseModel {
  name: string;
  version: string;
  sha256: string;
  /** pixels of one side. */
  imageSize: number;
  embeddingSize: number;
}
