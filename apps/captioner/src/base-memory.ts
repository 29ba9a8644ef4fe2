import type { BaseModelFiles } from '@housestyle/clipcap';
import { DomainError } from '@housestyle/domain';
import { elementCount, type WeightSource } from '@housestyle/graph';
import type { VerifiedBase } from './served-bases.js';

/**
 * Per weight, a decoder with tenants' deltas of every kind included. Of ViT-B/32, GPT-2 and an MLP, 4.9 were measured
 * without deltas; each of the two further graphs that these take holds the decoder's weights packed once more.
 */
const BYTES_PER_WEIGHT = 8;
/** Of a thread besides its weights: heap, code, the runtime's buffers. Measured with small models: 35 MB. */
const THREAD_BYTES = 40 * 2 ** 20;
/** Texts are not encoded here. Names as Hugging Face's and as OpenAI's. */
const CLIP_TEXT = /^(text_|transformer\.|token_embedding|positional_embedding|ln_final)/;

/** Bytes that a base takes in one worker thread, estimated from its weights. */
export function memoryOfWorker({ clip, gpt2, mapper }: BaseModelFiles): number {
  const weights = weightsIn(clip.weights, CLIP_TEXT) + weightsIn(gpt2.weights) + weightsIn(mapper.weights);
  return THREAD_BYTES + BYTES_PER_WEIGHT * weights;
}

/**
 * Bytes of each base in all its worker threads, by name.
 * @throws DomainError `invalid_settings` for one that alone is more than `maxBytes`
 */
export function memoryOfBases(bases: readonly VerifiedBase[], workers: number, maxBytes: number): Map<string, number> {
  const sizes = new Map(bases.map(({ served, workerBytes }) => [served.name, workers * workerBytes]));
  for (const [name, bytes] of sizes) {
    if (bytes <= maxBytes) continue;
    const threads = workers === 1 ? 'one worker thread' : `${workers} worker threads`;
    throw new DomainError(
      'invalid_settings',
      `MODEL_MEMORY_BYTES: base model ${name} takes about ${bytes} bytes in ${threads}, and there are ${maxBytes}`,
    );
  }
  return sizes;
}

function weightsIn(source: WeightSource, without?: RegExp): number {
  const names = source.names().filter((name) => !without?.test(name));
  return names.reduce((sum, name) => sum + elementCount(source.find(name)!.dims), 0);
}
