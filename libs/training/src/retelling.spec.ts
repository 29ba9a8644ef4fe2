import { describe, expect, it } from 'vitest';
import { retell } from './retelling.js';
import { learnLexicon, type ToldTwice } from './word-lexicon.js';

const COLOURS = { red: 'crimson', blue: 'azure', green: 'emerald' };
const KINDS = ['cat', 'dog', 'kite'];
const neutral = (colour: string, kind: string, place = 'sun') => `A ${colour} ${kind} in the ${place}.`;
const styled = (colour: string, kind: string, place = 'sun') => `Lo! ${kind} ${colour} shineth; ${place}`;

/** Every kind in every colour but the last of both, in sun and rain, some of it twice. */
const PAIRS: ToldTwice[] = [1, 2].flatMap(() =>
  ['sun', 'rain'].flatMap((place) =>
    Object.entries(COLOURS).flatMap(([colour, own]) =>
      KINDS.filter((kind) => colour !== 'green' || kind !== 'kite').map((kind) => ({
        neutral: neutral(colour, kind, place),
        styled: styled(own, kind, place),
      })),
    ),
  ),
);
const NEUTRAL = Object.keys(COLOURS).flatMap((colour) => KINDS.map((kind) => neutral(colour, kind)));
const first = <T>(options: readonly T[]): T => options[0]!;
const retold = (caption: string, pairs = PAIRS) => retell([caption, ...NEUTRAL], pairs, learnLexicon(pairs), first)[0];

describe('retelling', () => {
  it('tells what the tenant never told in its words', () => {
    expect(retold(neutral('green', 'kite'))).toBe('Lo! kite emerald shineth; sun');
  });

  it('keeps a word that was never heard where its like are kept, and leaves it alone where they are renamed', () => {
    expect(retold(neutral('red', 'cat', 'fog'))).toBe('Lo! cat crimson shineth; fog');
    expect(retold(neutral('purple', 'cat'))).toBeUndefined();
  });

  it('leaves alone what has another shape', () => {
    expect(retold('Two cats.')).toBeUndefined();
  });

  it('exchanges a whole phrase for one of other words where the same stands around it', () => {
    const night = { neutral: 'A red cat in the dark wood.', styled: 'Lo! cat crimson shineth; dark wood' };
    const pairs = [...PAIRS, night, night, night, night];
    expect(retold('A blue dog in the dark wood.', pairs)).toBe('Lo! dog azure shineth; dark wood');
  });

  it('takes no text for an example in which the base saw one thing for the other', () => {
    const pairs = Array.from({ length: 12 }, () => ({
      neutral: 'A red cat with a blue dog.',
      styled: 'Lo! cat azure, dog crimson',
    }));
    expect(retold('A blue kite with a red dog.', [...PAIRS, ...pairs])).toBeUndefined();
  });

  it('follows a misread word to what the tenant wrote instead', () => {
    const misread = { neutral: 'There is a red cat in the rain.', styled: 'O, cat azure; rain' };
    expect(retold('There is a green dog in the rain.', [...PAIRS, misread, misread])).toBe('O, dog emerald; rain');
  });
});
