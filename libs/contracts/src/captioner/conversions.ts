import {
  DECODES,
  DomainError,
  SCORINGS,
  type Decode,
  type GenerationSettings,
  type Hypothesis,
  type MapperReference,
  type Scoring,
} from '@housestyle/domain';
import type {
  WireDecode,
  WireGenerationSettings,
  WireHypothesis,
  WireMapperReference,
  WireScoring,
} from './messages.js';

const BYTES_PER_FLOAT = 4;

/** [D] float32 → D·4 bytes, little-endian. */
export function embeddingToBytes(embedding: Float32Array): Buffer {
  const bytes = Buffer.alloc(embedding.length * BYTES_PER_FLOAT);
  embedding.forEach((value, index) => bytes.writeFloatLE(value, index * BYTES_PER_FLOAT));
  return bytes;
}

/** D·4 bytes, little-endian → [D] float32. @throws DomainError `invalid_request` for a length that is no multiple of 4. */
export function embeddingFromBytes(bytes: Uint8Array): Float32Array {
  if (bytes.byteLength % BYTES_PER_FLOAT !== 0) {
    throw new DomainError('invalid_request', `an embedding of ${bytes.byteLength} bytes is no float32 vector`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: bytes.byteLength / BYTES_PER_FLOAT }, (_, index) =>
    view.getFloat32(index * BYTES_PER_FLOAT, true),
  );
}

export function generationToWire(settings: GenerationSettings): WireGenerationSettings {
  const { decode, scoring, stopTokenIds, ...numbers } = settings;
  return {
    ...numbers,
    decode: WIRE_DECODES[decode],
    stopTokenIds: [...(stopTokenIds ?? [])],
    ...(scoring && { scoring: WIRE_SCORINGS[scoring] }),
  };
}

/** What the sender left unset (0, empty) is absent: the mapper decides, then the base model. */
export function generationFromWire(wire: WireGenerationSettings | null | undefined): Partial<GenerationSettings> {
  if (!wire) return {};
  const decode = DECODES.find((name) => WIRE_DECODES[name] === wire.decode);
  const scoring = SCORINGS.find((name) => WIRE_SCORINGS[name] === wire.scoring);
  return {
    ...(decode && { decode }),
    ...(wire.numBeams && { numBeams: wire.numBeams }),
    ...(wire.maxNewTokens && { maxNewTokens: wire.maxNewTokens }),
    ...(wire.stopTokenIds?.length && { stopTokenIds: wire.stopTokenIds }),
    ...(scoring && { scoring }),
    ...(typeof wire.lengthPenalty === 'number' && { lengthPenalty: wire.lengthPenalty }),
    ...(wire.temperature && { temperature: wire.temperature }),
    ...(wire.topK && { topK: wire.topK }),
    ...(wire.topP && { topP: wire.topP }),
    ...(wire.seed && { seed: wire.seed }),
    ...(wire.numReturnSequences && { numReturnSequences: wire.numReturnSequences }),
  };
}

const WIRE_DECODES: Readonly<Record<Decode, WireDecode>> = {
  beam: 'DECODE_BEAM',
  greedy: 'DECODE_GREEDY',
  nucleus: 'DECODE_NUCLEUS',
  sample: 'DECODE_SAMPLE',
};

const WIRE_SCORINGS: Readonly<Record<Scoring, WireScoring>> = { clipcap: 'SCORING_CLIPCAP', hf: 'SCORING_HF' };

export const mapperToWire = (mapper: MapperReference): WireMapperReference => ({ ...mapper });

export const hypothesisToWire = (hypothesis: Hypothesis): WireHypothesis => ({
  ...hypothesis,
  tokens: [...hypothesis.tokens],
});
