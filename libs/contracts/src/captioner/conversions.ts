import { DomainError, type GenerationSettings, type Hypothesis, type MapperReference } from '@housestyle/domain';
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

/** What the sender left unset (0, empty) is absent: the mapper decides, then the base model. */
export function generationFromWire(wire: WireGenerationSettings | null | undefined): Partial<GenerationSettings> {
  if (!wire) return {};
  return {
    ...(wire.decode === 'DECODE_BEAM' && { decode: 'beam' }),
    ...(wire.decode === 'DECODE_GREEDY' && { decode: 'greedy' }),
    ...(wire.numBeams && { numBeams: wire.numBeams }),
    ...(wire.maxNewTokens && { maxNewTokens: wire.maxNewTokens }),
    ...(wire.stopTokenIds?.length && { stopTokenIds: wire.stopTokenIds }),
  };
}

export const mapperToWire = (mapper: MapperReference): WireMapperReference => ({ ...mapper });

export const hypothesisToWire = (hypothesis: Hypothesis): WireHypothesis => ({
  ...hypothesis,
  tokens: [...hypothesis.tokens],
});
