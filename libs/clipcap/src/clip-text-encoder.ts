import { DomainError } from '@housestyle/domain';
import {
  fetched,
  int64,
  readWeight,
  type GraphRunner,
  type GraphRunOptions,
  type GraphSession,
} from '@housestyle/graph';
import type { ClipTextConfig } from './clip-config.js';
import { openClip } from './clip-model.js';
import { buildClipText } from './clip-vit.js';
import type { ClipFiles } from './model-files.js';
import { rowsOf } from './rows.js';

/** Token ids to text embeddings, in the space of the image embeddings. */
export class ClipTextEncoder {
  private constructor(
    private readonly config: ClipTextConfig,
    /** P: width of an embedding. */
    readonly embeddingWidth: number,
    /** what cosine similarities are multiplied with before a softmax over texts. */
    readonly logitScale: number,
    private readonly session: GraphSession,
  ) {}

  /** @throws DomainError `invalid_model`, also when the checkpoint has no text tower */
  static async load(files: ClipFiles, runner: GraphRunner, options?: GraphRunOptions): Promise<ClipTextEncoder> {
    const { text, projectionDim, weights } = openClip(files);
    if (!text) throw new DomainError('invalid_model', `${weights.label}: this CLIP has no text tower`);
    const logitScale = Math.exp(readWeight(weights, 'logit_scale', [])[0]!);
    const session = await runner.load(
      buildClipText({ text, projectionDim }, weights, { isForGpu: runner.isGpu }),
      options,
    );
    return new ClipTextEncoder(text, projectionDim, logitScale, session);
  }

  get contextLength(): number {
    return this.config.contextLength;
  }

  /**
   * Each text's ids, both end marks included, at most `contextLength` → its embedding [P], not normalised.
   * @throws DomainError `invalid_request` for a text that is too long or has no end.
   */
  async embed(texts: readonly (readonly number[])[]): Promise<Float32Array[]> {
    if (texts.length === 0) return [];
    const T = Math.max(...texts.map((ids) => ids.length));
    if (T > this.contextLength) {
      throw new DomainError('invalid_request', `a text has ${T} tokens, the model takes ${this.contextLength}`);
    }
    const inputIds = new BigInt64Array(texts.length * T);
    texts.forEach((ids, row) => ids.forEach((id, at) => (inputIds[row * T + at] = BigInt(id))));
    const outputs = await this.session.run({
      input_ids: int64(inputIds, [texts.length, T]),
      pooled_rows: int64(texts.map((ids, row) => row * T + pooledPosition(ids, this.config.eosTokenId))),
    });
    return rowsOf(fetched(outputs, 'text_embeds', 'float32').data, this.embeddingWidth);
  }

  release(): Promise<void> {
    return this.session.release();
  }
}

/**
 * Where a text is pooled: at its first end token. OpenAI's configurations say 2 for that token, which it is not; with
 * them it is the largest id, as in their own code.
 */
export function pooledPosition(ids: readonly number[], eosTokenId: number): number {
  const position = eosTokenId === WRONG_EOS ? ids.indexOf(Math.max(...ids)) : ids.indexOf(eosTokenId);
  if (position < 0) throw new DomainError('invalid_request', `a text of ${ids.length} tokens has no end token`);
  return position;
}

const WRONG_EOS = 2;

/** The cosine of the angle between two embeddings. */
export function cosineSimilarity(a: Float32Array, b: Float32Array): number {
  let [dot, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    dot += a[i]! * b[i]!;
    aa += a[i]! ** 2;
    bb += b[i]! ** 2;
  }
  return dot / Math.sqrt(aa * bb);
}
