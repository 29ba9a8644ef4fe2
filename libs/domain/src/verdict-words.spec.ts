import { describe, expect, it } from 'vitest';
import { REFUSAL_REASONS, refusalSentence, verdictSentences } from './verdict-words.js';

describe('a verdict in plain words', () => {
  it('has a sentence of its own for each reason', () => {
    const sentences = REFUSAL_REASONS.map(refusalSentence);
    expect(new Set(sentences).size).toBe(REFUSAL_REASONS.length);
    for (const sentence of sentences) expect(sentence).toMatch(/^[A-Z][^_]*\.$/);
  });

  it('tells a promotion, and every reason of a refusal', () => {
    expect(verdictSentences('better')).toEqual([expect.stringContaining('closer to the captions')]);
    expect(verdictSentences('says_more')).toEqual([expect.stringContaining('says more')]);
    expect(verdictSentences('not_better, content_lost')).toEqual([
      refusalSentence('not_better'),
      refusalSentence('content_lost'),
    ]);
  });

  it('leaves what is no verdict as it is', () => {
    expect(verdictSentences('invalid_model: the folder, as it is, holds none')).toEqual([
      'invalid_model: the folder, as it is, holds none',
    ]);
    expect(refusalSentence('toString')).toBe('toString');
  });
});
