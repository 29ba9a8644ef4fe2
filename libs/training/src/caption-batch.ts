import { float32, int64, type Feeds } from '@housestyle/graph';
import { isLearned, numLearned, type CaptionExample } from './caption-example.js';

/** Examples as the tensors that a caption loss takes. B captions, S words in front of the last one, L = K + S. */
export interface CaptionBatch {
  readonly feeds: Feeds;
  /** what the symbolic sizes of the loss's inputs are for this batch. */
  readonly sizes: BatchSizes;
}

export interface BatchSizes {
  readonly B: number;
  readonly S: number;
  /** positions of prefix and words. */
  readonly L: number;
  /** predictions that count. */
  readonly N: number;
}

/**
 * Feeds `image_embeds` [B, d], `input_ids` [B, S], `rows` [N], `targets` [N] and `weights` [N, 1] for a prefix of
 * `prefixLength`. Padding is what no row names; no token is taken for padding by its number, unless its example says so.
 * Each token weighs its example's weight / `normalizer`.
 */
export function captionBatch(
  examples: readonly CaptionExample[],
  prefixLength: number,
  normalizer: number,
): CaptionBatch {
  const B = examples.length;
  const S = Math.max(...examples.map(({ tokens }) => tokens.length)) - 1;
  const [L, d] = [prefixLength + S, examples[0]!.embedding.length];
  const N = examples.reduce((sum, example) => sum + numLearned(example), 0);
  const embeddings = new Float32Array(B * d);
  const [ids, rows, targets] = [new BigInt64Array(B * S), new BigInt64Array(N), new BigInt64Array(N)];
  const weights = new Float32Array(N);
  let n = 0;
  examples.forEach((example, row) => {
    const { embedding, tokens, weight } = example;
    embeddings.set(embedding, row * d);
    tokens.forEach((token, at) => {
      if (at < tokens.length - 1) ids[row * S + at] = BigInt(token);
      if (!isLearned(example, token)) return;
      rows[n] = BigInt(row * L + prefixLength - 1 + at); // the position before the token predicts it
      targets[n] = BigInt(token);
      weights[n++] = weight / normalizer;
    });
  });
  return {
    sizes: { B, S, L, N },
    feeds: {
      image_embeds: float32(embeddings, [B, d]),
      input_ids: int64(ids, [B, S]),
      rows: int64(rows),
      targets: int64(targets),
      weights: float32(weights, [N, 1]),
    },
  };
}
