import { describe, expect, it } from 'vitest';
import { phraseText, PhraseTexts, type ToldPhrase } from './phrase-texts.js';
import { SetPhrases } from './set-phrases.js';
import { TenantVocabulary, type Phrase } from './tenant-vocabulary.js';
import { WordClasses } from './word-classes.js';

const captions = ['a', 'two', 'three'].flatMap((count) =>
  ['cat', 'dog', 'red cat', 'red dog'].map((thing) => `${count} ${thing} sleeps`),
);
const classes = new WordClasses(captions);
const vocabulary = new TenantVocabulary(captions, classes, new SetPhrases(captions), [], new Map(), new Set());

function phrase(lead: string, ...words: string[]): Phrase {
  const own = words.map((word) => classes.classOf(word)).join(' ');
  return { words, lead, classes: own, shape: `${lead}: ${own}` };
}
const text = (between: string) => ({ order: [1, 0], between: [between] });
const told = (phrase: Phrase, place: string, between: string, times = 1): ToldPhrase[] =>
  Array.from({ length: times }, () => ({ phrase, place, text: text(between) }));
const textsOf = (phrases: readonly ToldPhrase[], known: readonly Phrase[] = []) =>
  new PhraseTexts(phrases, known, vocabulary);

const one = phrase('a', 'red', 'cat');
const two = phrase('two', 'red', 'dog');

describe('how a tenant tells a phrase', () => {
  it('is told by others of its shape in its place, as most of them are', () => {
    const texts = textsOf([
      ...told(one, 'first', ' of ', 4),
      ...told(one, 'last', ' in ', 4),
      ...told(one, 'last', '!'),
    ]);
    const alike = phrase('a', 'red', 'dog');
    expect(texts.likeliest(alike, 'first')).toEqual(text(' of '));
    expect(texts.likeliest(alike, 'last')).toEqual(text(' in '));
  });

  it('is known in a place where none was seen from several others, if all are told alike', () => {
    const alike = [...told(one, 'first', ' of '), ...told(one, '', ' of ')];
    expect(textsOf([...alike, ...told(two, 'first', '!')]).likeliest(one, 'last')).toEqual(text(' of '));
    expect(textsOf(told(one, 'first', ' of ', 9)).likeliest(one, 'last')).toBeUndefined();
    expect(textsOf([...told(one, 'first', ' of '), ...told(one, '', '!')]).likeliest(one, 'last')).toBeUndefined();
  });

  it('is not known behind a word in front that was never seen, which may say how many', () => {
    const texts = textsOf([...told(one, 'first', ' of ', 4), ...told(one, 'last', ' of ', 4)]);
    expect(texts.likeliest(two, 'first')).toBeUndefined();
  });

  it('is known behind one that was seen elsewhere, if it is told alike behind all', () => {
    const elsewhere = told(two, 'first', ' of ');
    expect(textsOf([...elsewhere, ...told(one, '', ' of ')]).likeliest(two, 'last')).toEqual(text(' of '));
    expect(textsOf([...elsewhere, ...told(one, '', '!')]).likeliest(two, 'last')).toBeUndefined();
  });
});

describe('a phrase that says itself how many there are', () => {
  const above = phrase('above', 'two', 'cat');
  const next = phrase('to', 'three', 'dog');
  /** alone it says what the word in front of others does */
  const known = [phrase('', 'two', 'cat'), phrase('a', 'cat')];

  it('is told alike behind all words', () => {
    const texts = textsOf([...told(above, 'first', ' of ', 4), ...told(above, 'last', '!', 4)], known);
    expect(texts.leadsItself(next)).toBe(true);
    expect(texts.likeliest(next, 'first')).toEqual(text(' of '));
    expect(texts.likeliest(next, 'last')).toEqual(text('!'));
  });

  it('stands alone too, and begins with what is like a word in front of the rest', () => {
    const leadsItself = (phrase: Phrase, ...known: Phrase[]) => textsOf([], known).leadsItself(phrase);
    expect(leadsItself(next, phrase('of', 'two', 'cat'), phrase('a', 'cat'))).toBe(false);
    expect(leadsItself(next, phrase('', 'two', 'cat'), phrase('red', 'cat'))).toBe(false);
    expect(leadsItself(next, phrase('', 'two', 'cat'))).toBe(false);
    expect(leadsItself(phrase('of', 'three'), phrase('', 'two'), phrase('a', 'two'))).toBe(false);
  });
});

describe('the text of a phrase', () => {
  const pieces = ['', 'Lo', '! ', 'cats', ', all ', 'of', ' ', 'crimson', '.'];

  it('is the order of its words, and what stands between them', () => {
    expect(phraseText([7, 3], pieces)).toEqual({ order: [1, 0], between: [', all of '] });
    expect(phraseText([1, 7, 3], pieces)).toEqual({ order: [0, 2, 1], between: ['! ', ', all of '] });
  });

  it('has nothing around a word alone', () => {
    expect(phraseText([3], pieces)).toEqual({ order: [0], between: [] });
  });
});
