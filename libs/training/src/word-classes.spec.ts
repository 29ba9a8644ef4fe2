import { describe, expect, it } from 'vitest';
import { WordClasses } from './word-classes.js';

const times = (count: number, text: string): string[] => Array.from({ length: count }, () => text);

describe('WordClasses', () => {
  const places = ['sea', 'moor'].flatMap((place) => [
    ...times(10, `A cat on the ${place} in the rain.`),
    ...times(4, `A cat on the ${place}.`),
  ]);
  const classes = new WordClasses(places);

  it('finds words that stand between the same neighbours', () => {
    expect(classes.isAlike('sea', 'moor')).toBe(true);
    expect(classes.classOf('sea')).toBe(classes.classOf('moor'));
    expect(classes.isAlike('cat', 'sea')).toBe(false);
  });

  it('asks more of words that stand together in a text', () => {
    expect(classes.isAlike('sea', 'rain')).toBe(false);
    const colours = times(5, 'A red cat and a blue dog.').concat(times(5, 'A blue cat and a red dog.'));
    expect(new WordClasses(colours).isAlike('red', 'blue')).toBe(true);
  });
});
