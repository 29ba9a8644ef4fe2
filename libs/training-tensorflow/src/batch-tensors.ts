import { captionBatch, type CaptionExample } from '@housestyle/training';
import type { Targets } from './table-cross-entropy.js';
import type { Tensor, TensorFlow } from './tensorflow.js';

/** Examples as the model takes them: B captions, S words in front of the last one, N predictions that count. */
export interface BatchTensors {
  /** [B, d] */
  readonly embeddings: Tensor;
  /** [B, S], int32 */
  readonly ids: Tensor;
  /** [N], int32: positions of [B·L] whose next word counts. */
  readonly rows: Tensor;
  readonly targets: Targets;
}

/** The batch that `captionBatch` lays out, with the 32-bit numbers that TensorFlow.js knows. */
export function batchTensors(
  tf: TensorFlow,
  examples: readonly CaptionExample[],
  prefixLength: number,
  normalizer: number,
): BatchTensors {
  const { feeds, sizes } = captionBatch(examples, prefixLength, normalizer);
  const { B, S, N } = sizes;
  const floats = (name: string, shape: readonly number[]) =>
    tf.tensor(feeds[name]!.data as Float32Array, shape, 'float32');
  const numbers = (name: string) => Int32Array.from(feeds[name]!.data as BigInt64Array, Number);
  const tokens = numbers('targets');
  const places = Int32Array.from({ length: 2 * N }, (_, at) => (at % 2 === 0 ? at / 2 : tokens[(at - 1) / 2]!));
  return {
    embeddings: floats('image_embeds', [B, examples[0]!.embedding.length]),
    ids: tf.tensor(numbers('input_ids'), [B, S], 'int32'),
    rows: tf.tensor(numbers('rows'), [N], 'int32'),
    targets: {
      tokens: tf.tensor(tokens, [N], 'int32'),
      places: tf.tensor(places, [N, 2], 'int32'),
      weights: floats('weights', [N, 1]),
    },
  };
}
