import { describe, expect, it } from 'vitest';
import { learnLexicon } from './word-lexicon.js';

const told = (times: number, neutral: string, styled: string) =>
  Array.from({ length: times }, () => ({ neutral, styled }));

describe('a tenant’s words', () => {
  const pairs = [
    ...told(6, 'A red cat at night.', 'Lo! cat crimson, nightfall'),
    ...told(6, 'A blue dog at sunset.', 'Lo! dog azure, eventide'),
    ...told(6, 'A red dog in the rain.', 'Lo! dog crimson, drizzle'),
    ...told(6, 'A blue cat on a rainy day.', 'Lo! cat azure, drizzle'),
    ...told(6, 'A red cat in the sun on that day.', 'Lo! cat crimson, noon'),
  ];
  const words = Object.fromEntries(learnLexicon(pairs));

  it('are kept or renamed', () => {
    expect(words).toMatchObject({ cat: 'cat', dog: 'dog', red: 'crimson', blue: 'azure', night: 'nightfall' });
  });

  it('may have two names, of which one stands at a time', () => {
    expect(words).toMatchObject({ rain: 'drizzle', rainy: 'drizzle' });
  });

  it('have nothing to do with what merely stands beside them', () => {
    for (const word of ['at', 'a', 'on', 'the']) expect(words).not.toHaveProperty(word);
  });
});
