import {
  DEFAULT_GENERATION,
  DomainError,
  type GenerationSettings,
  type Hypothesis,
  type MapperReference,
} from '@housestyle/domain';
import type { WireGenerationSettings, WireHypothesis, WireMapperReference } from './messages.js';

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
  return {
    decode: settings.decode === 'greedy' ? 'DECODE_GREEDY' : 'DECODE_BEAM',
    numBeams: settings.numBeams,
    maxNewTokens: settings.maxNewTokens,
    stopTokenIds: [...(settings.stopTokenIds ?? [])],
  };
}

/** Absent values become `defaults`; greedy is always one beam. */
export function generationFromWire(
  wire: WireGenerationSettings | null | undefined,
  defaults: GenerationSettings = DEFAULT_GENERATION,
): GenerationSettings {
  if (!wire) return defaults;
  const decode = wire.decode === 'DECODE_GREEDY' ? 'greedy' : wire.decode === 'DECODE_BEAM' ? 'beam' : defaults.decode;
  const stopTokenIds = wire.stopTokenIds?.length ? wire.stopTokenIds : defaults.stopTokenIds;
  return {
    decode,
    numBeams: decode === 'greedy' ? 1 : wire.numBeams || defaults.numBeams,
    maxNewTokens: wire.maxNewTokens || defaults.maxNewTokens,
    ...(stopTokenIds && { stopTokenIds }),
  };
}

export const mapperToWire = (mapper: MapperReference): WireMapperReference => ({ ...mapper });

export const hypothesisToWire = (hypothesis: Hypothesis): WireHypothesis => ({
  ...hypothesis,
  tokens: [...hypothesis.tokens],
});
