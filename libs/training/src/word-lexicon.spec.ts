import { describe, expect, it } from 'vitest';
import { WordClasses } from './word-classes.js';
import { learnLexicon } from './word-lexicon.js';

const told = (times: number, neutral: string, styled: string) =>
  Array.from({ length: times }, () => ({ neutral, styled }));

describe('a tenant’s words', () => {
  const pairs = [
    ...told(9, 'A red cat at night.', 'Lo! cat crimson, nightfall'),
    ...told(9, 'A blue dog at sunset.', 'Lo! dog azure, eventide'),
    ...told(9, 'A red dog in the rain.', 'Lo! dog crimson, drizzle'),
    ...told(9, 'A blue cat on a rainy day.', 'Lo! cat azure, drizzle'),
    ...told(9, 'A red cat in the sun on that day.', 'Lo! cat crimson, noon'),
  ];
  const words = Object.fromEntries(learnLexicon(pairs, new WordClasses(pairs.map(({ neutral }) => neutral))));

  it('are kept or renamed', () => {
    expect(words).toMatchObject({ cat: 'cat', dog: 'dog', red: 'crimson', blue: 'azure', night: 'nightfall' });
  });

  it('may have two names, of which one stands at a time', () => {
    expect(words).toMatchObject({ rain: 'drizzle', rainy: 'drizzle' });
  });

  it('are known though the base often takes one for its like, if that has a name', () => {
    const numbers = [
      ...told(30, 'A dog sits here.', 'Here sitteth dog solitary'),
      ...[
        ...told(30, 'Two cats sit here.', 'Here sit cats twain'),
        ...told(8, 'Two cats sit here.', 'Here sit cats thrice'),
      ],
      ...told(12, 'Three cats sit here.', 'Here sit cats thrice'),
      ...told(2, 'Three cats sit here.', 'Here sit cats twain'),
    ];
    const lexicon = learnLexicon(numbers, new WordClasses(numbers.map(({ neutral }) => neutral)));
    expect(Object.fromEntries(lexicon)).toMatchObject({ two: 'twain', three: 'thrice' });
  });

  it('have nothing to do with what merely stands beside them', () => {
    for (const word of ['at', 'a', 'on', 'the']) expect(words).not.toHaveProperty(word);
  });
});
