import { describe, expect, it } from 'vitest';
import { withoutHindrances } from './hindering-words.js';
import type { WordLexicon } from './word-lexicon.js';

const pairs = ['a dog in rain', 'a cat in rain', 'a dog', 'a cat in snow', 'a dog in snow'].map((neutral) => ({
  neutral,
  styled: '',
}));
const lexicon: WordLexicon = new Map(['dog', 'cat', 'in', 'rain', 'snow'].map((word) => [word, word]));
/** Texts that have one of these words cannot be followed while the lexicon has it. */
const hinderedBy =
  (...words: string[]) =>
  (known: WordLexicon) =>
    pairs.map(({ neutral }) => !words.some((word) => known.has(word) && neutral.split(' ').includes(word)));

describe('withoutHindrances', () => {
  it('gives up a word without which far more texts can be followed', () => {
    expect([...withoutHindrances(lexicon, pairs, hinderedBy('in')).keys()]).toEqual(['dog', 'cat', 'rain', 'snow']);
  });

  it('gives up another one where that is still not enough', () => {
    const kept = withoutHindrances(lexicon, pairs, hinderedBy('in', 'dog'));
    expect([...kept.keys()]).toEqual(['cat', 'rain', 'snow']);
  });

  it('keeps all where most texts can be followed, or where no word alone is in the way', () => {
    expect(withoutHindrances(lexicon, pairs, hinderedBy('snow'))).toBe(lexicon);
    expect(withoutHindrances(lexicon, pairs, () => pairs.map(() => false))).toBe(lexicon);
  });
});
