/** A picture's embedding and the words it is to be captioned with. */
export interface CaptionExample {
  /** [d], as CLIP gives it: a mapper that normalises does so itself. */
  readonly embedding: Float32Array;
  /** GPT-2's ids, the one that ends a caption included; at least one. */
  readonly tokens: readonly number[];
  /** how much its words count beside another example's: 1 is usual. */
  readonly weight: number;
  /** a token that is read but not learned to be written: the official code pads with 0, and so takes "!" for padding. */
  readonly ignoredTokenId?: number;
}

/** Where a caption's tokens end. */
export interface CaptionEnding {
  /** appended to every caption that does not end with it: what teaches the model to stop. */
  readonly stopTokenId?: number;
  /** longer captions are cut, and then have no stop token: the model shall not learn to break off there. */
  readonly maxTokens: number;
}

/** The tokens to train on, from a text's own. */
export function endedTokens(tokens: readonly number[], { stopTokenId, maxTokens }: CaptionEnding): readonly number[] {
  const isEnded = stopTokenId === undefined || tokens.at(-1) === stopTokenId;
  return (isEnded ? tokens : [...tokens, stopTokenId]).slice(0, maxTokens);
}

/** Whether the example's token counts in the loss. */
export const isLearned = ({ ignoredTokenId }: CaptionExample, token: number): boolean => token !== ignoredTokenId;

/** How many of the example's tokens count. */
export const numLearned = (example: CaptionExample): number =>
  example.ignoredTokenId === undefined
    ? example.tokens.length
    : example.tokens.filter((token) => isLearned(example, token)).length;

/** Σ weight over what counts: what a batch's loss is divided by, so that every token counts by its example's weight. */
export const tokenWeight = (examples: readonly CaptionExample[]): number =>
  examples.reduce((sum, example) => sum + numLearned(example) * example.weight, 0);
