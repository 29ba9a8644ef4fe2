import { describe, expect, it } from 'vitest';
import { SetPhrases } from './set-phrases.js';

const places = ['on a beach', 'on a snowy hill', 'in the desert', 'in a kitchen'];
const times = ['at night', 'at sunset', 'in the rain', 'on a rainy day'];
const relations = ['next to', 'in front of'];
const things = ['a cat', 'two cats', 'a dog', 'two dogs'];
const phrases = new SetPhrases(
  things.flatMap((one) =>
    things.flatMap((other) =>
      relations.flatMap((relation) =>
        places.flatMap((place) => ['', ...times].map((time) => `${one} ${relation} ${other} ${place} ${time}.`)),
      ),
    ),
  ),
);

describe('set phrases', () => {
  it('are words that hardly stand without each other', () => {
    expect(phrases.fellowsOf('hill')).toEqual(expect.arrayContaining(['snowy', 'hill']));
    expect(phrases.fellowsOf('front')).toEqual(['in', 'front', 'of']);
    expect(phrases.fellowsOf('cat')).not.toContain('dog');
  });

  it('can stand in each other’s place though their words cannot', () => {
    expect(phrases.isAlike('rain', 'night')).toBe(true);
    expect(phrases.isAlike('rainy', 'sunset')).toBe(true);
    expect(phrases.isAlike('hill', 'beach')).toBe(true);
    expect(phrases.isAlike('front', 'next')).toBe(true);
    expect(phrases.isAlike('night', 'beach')).toBe(false);
  });

  it('are told if the tenant tells one that can stand there', () => {
    const known = new Map([['night', 'nightfall']]);
    expect(phrases.isPlaceTold('rainy', known, ['night', 'beach'])).toBe(true);
    expect(phrases.isPlaceTold('hill', known, ['night', 'beach'])).toBe(false);
    expect(phrases.isPlaceTold('cat', known, ['night', 'beach'])).toBeUndefined();
  });

  it('lend their name to no other phrase that has a word of theirs', () => {
    const days = ['on a sunny day', 'on a sunny day', 'on a sunny day', 'on a rainy day', 'at night'];
    const shared = new SetPhrases(
      things.flatMap((one) => places.flatMap((place) => days.map((day) => `${one} ${place} ${day}.`))),
    );
    expect([shared.isBorrowed('day'), shared.isBorrowed('sunny'), shared.isBorrowed('hill')]).toEqual([
      true,
      false,
      false,
    ]);
    const known = new Map([['day', 'daylight']]);
    expect([shared.isNamed('sunny', known), shared.isNamed('rainy', known)]).toEqual([true, false]);
  });
});
