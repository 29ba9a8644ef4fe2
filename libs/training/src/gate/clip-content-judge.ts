import { ClipTextEncoder, ClipTokenizer, cosineSimilarity, openClip, type ClipFiles } from '@housestyle/clipcap';
import { DomainError } from '@housestyle/domain';
import type { GraphRunner } from '@housestyle/graph';
import type { AdaptationExample } from '../adaptation.js';
import { meanShare, type ContentJudge, type ContentQuestion } from './content-judge.js';
import type { ContentContest } from './promotion-gate.js';
import { bootstrapP } from './resampling.js';

/**
 * Content by CLIP, on the tenant's own judged pictures: how well a caption fits its picture (CLIPScore, Hessel et al.
 * 2021, without its factor of 2.5) beside how well the reviewed text does. What a style never tells is not asked of it.
 */
export class ClipContentJudge implements ContentJudge {
  private readonly tokenizer: ClipTokenizer;

  /** @throws DomainError `invalid_model` for a CLIP that cannot read texts, before anything is loaded. */
  constructor(
    private readonly clip: ClipFiles,
    private readonly runner: GraphRunner,
    private readonly signal?: AbortSignal,
  ) {
    const { text, weights } = openClip(clip);
    if (!text) throw new DomainError('invalid_model', `${weights.label}: this CLIP has no text tower`);
    this.tokenizer = new ClipTokenizer(clip.tokenizer, text.contextLength);
  }

  /** No chance beside the base: how well CLIP reads its wording, and how well the tenant's, would count as content. */
  async content({ champion, contest, seed }: ContentQuestion): Promise<ContentContest> {
    const { examples } = contest;
    const encoder = await ClipTextEncoder.load(this.clip, this.runner);
    try {
      const similarities = (texts: readonly { readonly text: string }[]) => this.similarities(encoder, examples, texts);
      const asked = await similarities(examples);
      const before = sharesOf(await similarities(contest.champion), asked);
      const after = sharesOf(await similarities(contest.candidate), asked);
      const gains = after.map((share, n) => (share ?? 0) - (before[n] ?? 0));
      const pictures = examples.map(({ imageKey }) => imageKey);
      return {
        champion: meanShare(before),
        candidate: meanShare(after),
        ...(champion && { p: bootstrapP(gains, pictures, seed) }),
      };
    } finally {
      await encoder.release();
    }
  }

  /** Each text's, to its example's picture, 0–1. */
  private async similarities(
    encoder: ClipTextEncoder,
    examples: readonly AdaptationExample[],
    texts: readonly { readonly text: string }[],
  ): Promise<number[]> {
    const similarities: number[] = [];
    for (let from = 0; from < texts.length; from += BATCH) {
      this.signal?.throwIfAborted();
      const ids = texts.slice(from, from + BATCH).map(({ text }) => this.tokenizer.encode(text));
      for (const embedding of await encoder.embed(ids)) {
        const picture = examples[similarities.length]!;
        similarities.push(Math.max(0, cosineSimilarity(embedding, picture.embedding)));
      }
    }
    return similarities;
  }
}

/** Of what the reviewed texts say, 0–1; undefined: CLIP finds nothing of the picture in that text, so nothing is asked. */
const sharesOf = (said: readonly number[], asked: readonly number[]): (number | undefined)[] =>
  said.map((similarity, n) => (asked[n]! > 0 ? Math.min(1, similarity / asked[n]!) : undefined));

/** texts */
const BATCH = 32;
