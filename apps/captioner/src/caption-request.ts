import {
  embeddingFromBytes,
  type CaptionItem,
  type CaptionRequest,
  type InterpretRequest,
} from '@housestyle/contracts/captioner';
import { completeGeneration, MAX_BEAMS, MAX_NEAR_WORDS, type GenerationDefaults } from '@housestyle/clipcap';
import { DomainError, type MapperReference } from '@housestyle/domain';
import type { ItemInput, ServedBase } from './worker-messages.js';

/** stands in for the tokenizer's full stop, which does not matter to the check. */
const ANY_STOP = 0;
const DEFAULT_NEAR_WORDS = 5;
const SHA256 = /^[0-9a-f]{64}$/;

/** @throws DomainError `invalid_request` when the call as a whole cannot be served. */
export function checkRequest(request: Pick<CaptionRequest, 'items'>, maxItems: number): void {
  const { items } = request;
  if (items.length === 0) throw invalid('the request has no items');
  if (items.length > maxItems) throw invalid(`${items.length} items in one call, at most ${maxItems} are taken`);
  const ids = new Set<string>();
  for (const { id } of items) {
    if (id === '') throw invalid('an item has no id');
    if (ids.has(id)) throw invalid(`two items have the id ${JSON.stringify(id)}`);
    ids.add(id);
  }
}

/** @throws DomainError `invalid_request` for settings no search can work with, whatever the mapper says where they are silent. */
export function checkGeneration(generation: GenerationDefaults): void {
  completeGeneration([generation, { numBeams: MAX_BEAMS }], ANY_STOP);
}

/** @throws DomainError `invalid_request` for more words than a position is said in. */
export function readTopK({ topK }: InterpretRequest): number {
  const words = topK || DEFAULT_NEAR_WORDS;
  if (words > MAX_NEAR_WORDS) throw invalid(`${words} words of each position, at most ${MAX_NEAR_WORDS} are given`);
  return words;
}

/**
 * The item's picture or embedding, in memory of its own (a view of the message would drag the whole message along).
 * @throws DomainError `invalid_request` when it is not what the base model takes.
 */
export function readInput(item: CaptionItem, { imageSize, embeddingSize }: ServedBase): ItemInput {
  if (item.pixels) {
    const expected = imageSize * imageSize * 3;
    const { rgb } = item.pixels;
    if (rgb.byteLength !== expected) {
      throw invalid(`${rgb.byteLength} bytes of pixels, the model takes ${imageSize} × ${imageSize} × 3 = ${expected}`);
    }
    return { kind: 'pixels', rgb: new Uint8Array(rgb) };
  }
  if (!item.embedding) throw invalid('neither pixels nor an embedding');
  const values = new Float32Array(embeddingFromBytes(item.embedding.values));
  if (values.length !== embeddingSize) {
    throw invalid(`an embedding of ${values.length} values, the model makes ${embeddingSize}`);
  }
  if (!values.every(Number.isFinite)) throw invalid('an embedding with values that are not finite');
  return { kind: 'embedding', values };
}

/** @throws DomainError `invalid_request` when the reference is incomplete. */
export function readMapperReference({ mapper }: CaptionItem): MapperReference | undefined {
  if (!mapper) return undefined;
  if (mapper.id === '' || mapper.key === '') throw invalid('a mapper reference without id or key');
  if (!SHA256.test(mapper.sha256)) throw invalid(`a mapper's sha256 is 64 lower-case hex digits`);
  return mapper;
}

const invalid = (message: string): DomainError => new DomainError('invalid_request', message);
