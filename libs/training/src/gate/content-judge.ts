import type { WordLexicon } from '../word-lexicon.js';
import { wordsOf } from '../words.js';

/** A picture of the base slice: what the base's own caption says of it, and what a mapper under judgement says. */
export interface JudgedCaption {
  readonly embedding: Float32Array;
  readonly neutral: string;
  readonly caption: string;
}

/** Judges what is said, not how. */
export interface ContentJudge {
  /**
   * Share of the pictures' content that the captions say, 0–1.
   * @param lexicon the tenant's words; where captions are the base's own, each word stands for itself
   */
  share(captions: readonly JudgedCaption[], lexicon: WordLexicon): Promise<number>;
}

/**
 * Content by words: of a picture's neutral caption, those that the tenant has a word for, kinds, colours, counts and
 * places alike. What a style never tells is not asked of it.
 */
export class WordContentJudge implements ContentJudge {
  async share(captions: readonly JudgedCaption[], lexicon: WordLexicon): Promise<number> {
    const shares = captions.flatMap(({ neutral, caption }) => contentRecall(neutral, caption, lexicon) ?? []);
    return shares.length === 0 ? 0 : shares.reduce((sum, share) => sum + share, 0) / shares.length;
  }
}

/** The same words, standing for themselves: what the base's own captions are judged by beside a tenant's. */
export const asItself = (lexicon: WordLexicon): WordLexicon => new Map([...lexicon.keys()].map((word) => [word, word]));

/** Share of the words which the tenant would tell a neutral caption's content with that `styled` has. */
export function contentRecall(neutral: string, styled: string, lexicon: WordLexicon): number | undefined {
  const wanted = new Set(wordsOf(neutral).flatMap((word) => lexicon.get(word) ?? []));
  if (wanted.size === 0) return undefined;
  const has = new Set(wordsOf(styled));
  return [...wanted].filter((word) => has.has(word)).length / wanted.size;
}
