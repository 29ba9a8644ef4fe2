import { describe, expect, it } from 'vitest';
import { LeftoverWords } from './leftover-words.js';
import { SetPhrases } from './set-phrases.js';

const times = ['at night', 'at sunset', 'in the rain', 'on a rainy day', 'on a sunny day'];
const captions = ['cat', 'dog', 'hat', 'book'].flatMap((thing) =>
  ['on a beach', 'in the meadow'].flatMap((place) =>
    times.flatMap((time) => ['A', 'Two'].map((count) => `${count} ${thing} ${place} ${time}.`)),
  ),
);
const phrases = new SetPhrases([...captions, ...captions]);
const told = (count: number, neutral: string, styled: string) =>
  Array.from({ length: count }, () => ({ neutral, styled }));
const shown = [
  ...told(6, 'A cat on a beach at night.', 'Lo! cat, nightfall'),
  ...told(6, 'A dog on a beach on a sunny day.', 'Lo! dog, noon'),
];
const known = new Map(['cat', 'dog'].map((word) => [word, word])).set('night', 'nightfall').set('sunny', 'noon');
const linked = (...pairs: ReturnType<typeof told>) => {
  const leftovers = new LeftoverWords([...shown, ...pairs], phrases);
  const lexicon = leftovers.link(known);
  return { lexicon, doubtful: leftovers.doubtful(lexicon) };
};

describe('leftover words', () => {
  it('have the name that nothing else can have, if their like are told', () => {
    const { lexicon } = linked(...told(1, 'A dog in the meadow at sunset.', 'Lo! dog, eventide'));
    expect(lexicon.get('sunset')).toBe('eventide');
    expect(lexicon.has('meadow')).toBe(false);
  });

  it('have none where two may be meant', () => {
    const { lexicon } = linked(...told(1, 'A dog in the meadow at sunset.', 'Lo! dog, eventide glow'));
    expect(lexicon.has('sunset')).toBe(false);
  });

  it('share the name of what is of their stem and their use', () => {
    const { lexicon } = linked(...told(3, 'A cat in the meadow in the rain.', 'Lo! cat, drizzle'));
    expect(lexicon.get('rain')).toBe('drizzle');
    expect(lexicon.get('rainy')).toBe('drizzle');
  });

  it('are doubtful where a name seems to be theirs', () => {
    const seldom = told(3, 'A cat in the meadow at sunset.', 'Lo! cat, eventide glow');
    const { lexicon, doubtful } = linked(...seldom, ...told(2, 'A dog in the meadow at sunset.', 'Lo! dog'));
    expect(lexicon.has('sunset')).toBe(false);
    expect(doubtful.has('sunset')).toBe(true);
  });
});
