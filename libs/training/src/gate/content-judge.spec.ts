import { describe, expect, it } from 'vitest';
import { asItself, contentRecall, WordContentJudge } from './content-judge.js';

const LEXICON = new Map([
  ['red', 'crimson'],
  ['cat', 'cat'],
]);
const judged = (neutral: string, caption: string) => ({ embedding: new Float32Array(1), neutral, caption });

describe('content by words', () => {
  it('counts what is said by the tenant’s words', () => {
    expect(contentRecall('A red cat.', 'Lo! cat crimson', LEXICON)).toBe(1);
    expect(contentRecall('A red cat.', 'Lo! cat azure', LEXICON)).toBe(0.5);
    expect(contentRecall('Nothing of it.', 'Nothing', LEXICON)).toBeUndefined();
  });

  it('asks the base’s own captions for the same words, standing for themselves', async () => {
    const judge = new WordContentJudge();
    const captions = [judged('A red cat.', 'A red cat.'), judged('A red dog.', 'A blue dog.'), judged('Fog.', 'Fog.')];
    expect(await judge.share(captions, asItself(LEXICON))).toBe(0.5);
  });
});
