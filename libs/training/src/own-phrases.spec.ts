import { describe, expect, it } from 'vitest';
import { joined, separated } from './own-phrases.js';
import { wordsOf } from './words.js';

const pair = (neutral: string, styled: string) => ({ neutral, styled });

describe('phrases of a tenant’s own', () => {
  const pairs = [
    pair('A cat at night.', 'Look, a little cat is playing under the moon.'),
    pair('A dog at night.', 'Look, a little dog is dreaming under the moon.'),
    pair('A dog at sunset.', 'Look, a little dog is playing in the golden light.'),
    pair('A cat in the rain.', 'Look, a little cat is playing in the pitter-patter rain.'),
    pair('A dog in the rain.', 'Look, a little dog is dreaming in the pitter-patter rain.'),
  ];
  const words = joined(pairs, []).map(({ styled }) => wordsOf(styled).map(separated));

  it('are one word', () => {
    expect(words[0]).toContain('under the moon');
    expect(words[2]).toContain('golden light');
    expect(words[4]).toContain('pitter-patter rain');
  });

  it('hold no words that stand in other texts too, and no two that the base says', () => {
    for (const word of ['playing', 'dog', 'cat', 'in', 'the']) expect(words.flat()).toContain(word);
    const hill = [pair('A cat on a snowy hill.', 'Cat; snowy hill'), pair('A dog at sea.', 'Dog; sea')];
    expect(joined(hill, [])).toEqual(hill);
  });

  it('may hold two words that the base says, if one of them only by a slip', () => {
    const usual = ['a cat under a table', 'a dog under a tree'];
    const captions = Array.from({ length: 4000 }, (_, n) => usual[n % 2]!);
    const under = (slips: number) =>
      joined(pairs, [...captions, ...Array<string>(slips).fill('a moon')]).map(({ styled }) => wordsOf(styled))[0]!;
    expect(under(2).map(separated)).toContain('under the moon');
    expect(under(3).map(separated)).not.toContain('under the moon');
  });

  it('are written as they were', () => {
    expect(joined(pairs, []).map(({ styled }) => separated(styled))).toEqual(pairs.map(({ styled }) => styled));
  });
});
