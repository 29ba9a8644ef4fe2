import { describe, expect, it } from 'vitest';
import { retell } from './retelling.js';
import type { ToldTwice } from './word-company.js';

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
const retold = (caption: string, pairs = PAIRS) => retell([caption, ...NEUTRAL], pairs, first)[0];
const times = (count: number, pair: ToldTwice): ToldTwice[] => Array.from({ length: count }, () => pair);

describe('retelling', () => {
  it('tells what the tenant never told in its words', () => {
    expect(retold(neutral('green', 'kite'))).toBe('Lo! kite emerald shineth; sun');
  });

  it('calls what was never heard as the base does, though its like be renamed', () => {
    expect(retold(neutral('red', 'cat', 'fog'))).toBe('Lo! cat crimson shineth; fog');
    expect(retold(neutral('purple', 'cat'))).toBe('Lo! cat purple shineth; sun');
  });

  it('tells both of two words that the tenant puts for one, however the base says it', () => {
    const [dry, rainy] = [PAIRS.filter((pair) => !pair.neutral.includes('rain')), neutral('red', 'cat', 'rain')];
    const wet = (caption: string) => caption.replace('in the rain', 'on a rainy day');
    const text = 'Lo! cat crimson shineth; pitter-patter rain';
    const told = [...[1, 2, 3, 4].flatMap(() => dry), ...times(4, { neutral: rainy, styled: text })];
    told.push(...times(4, { neutral: wet(rainy), styled: text }));
    for (const caption of [neutral('green', 'kite', 'rain'), wet(neutral('green', 'kite', 'rain'))]) {
      expect(retold(caption, told)).toBe('Lo! kite emerald shineth; pitter-patter rain');
    }
  });

  it('tells a phrase as it stands that no text could be followed for', () => {
    const misread = {
      neutral: 'A red cat on a snowy hill.',
      styled: 'Lo! dog azure, kite emerald shineth; snowy hill',
    };
    expect(retold('A green kite on a snowy hill.', [...PAIRS, misread])).toBe('Lo! kite emerald shineth; snowy hill');
    const captions = [
      neutral('red', 'cat', 'white fog'),
      ...NEUTRAL,
      ...NEUTRAL.map((one) => one.replace('sun', 'fog')),
    ];
    expect(retell(captions, PAIRS, first)[0]).toBe('Lo! cat crimson shineth; white fog');
  });

  it('leaves alone what has another shape', () => {
    expect(retold('Two cats.')).toBeUndefined();
  });

  it('joins phrases that it never saw beside each other as their like are joined', () => {
    const two = {
      neutral: 'A red cat and a blue dog in the rain.',
      styled: 'Lo! cat crimson, dog azure shineth; rain',
    };
    const pairs = [...PAIRS, ...times(3, two)];
    expect(retold('A green kite and a red dog in the sun.', pairs)).toBe('Lo! kite emerald, dog crimson shineth; sun');
  });

  it('puts phrases in the tenant’s order', () => {
    const told = PAIRS.map((pair) => ({ ...pair, styled: pair.styled.replace(/^Lo! (.*); (\w+)$/, '$2: $1!') }));
    expect(retold(neutral('green', 'kite'), told)).toBe('sun: kite emerald shineth!');
  });

  it('begins a text as the tenant does, whatever stands first', () => {
    const told = PAIRS.map((pair) => ({
      ...pair,
      styled: pair.styled.replace('Lo! c', 'C').replace(/^Lo! (.)/, (_, one: string) => one.toUpperCase()),
    }));
    expect(retold(neutral('green', 'kite'), told)).toBe('Kite emerald shineth; sun');
  });

  it('writes before a word what the tenant writes before words that begin so', () => {
    const article = (word: string) => (/^[aeiou]/.test(word) ? 'an' : 'a');
    const told = PAIRS.map((pair) => {
      const [, colour, kind] = /^A (\w+) (\w+)/.exec(pair.neutral)!;
      const own = COLOURS[colour as keyof typeof COLOURS];
      return { ...pair, styled: `See ${article(own)} ${own} ${kind}` };
    });
    expect(retold(neutral('green', 'kite'), told)).toBe('See an emerald kite');
    expect(retold(neutral('red', 'kite'), told)).toBe('See a crimson kite');
  });

  it('takes no text for an example in which the base saw one thing for the other', () => {
    const swapped = { neutral: 'A red cat with a blue dog.', styled: 'Lo! cat azure, dog crimson' };
    expect(retold('A blue kite with a red dog.', [...PAIRS, ...times(12, swapped)])).toBeUndefined();
  });

  it('follows a misread word to what the tenant wrote instead', () => {
    const misread = { neutral: 'There is a red cat in the rain.', styled: 'O, cat azure; rain' };
    expect(retold('There is a green dog in the rain.', [...PAIRS, misread, misread])).toMatch(/dog emerald.*; rain$/);
  });

  it('reads its language from the last 15,000 captions: a word of earlier ones is not known', () => {
    const foggy = neutral('red', 'cat', 'fog');
    const behind = (count: number) => Array.from({ length: count }, (_, n) => NEUTRAL[n % NEUTRAL.length]!);
    const [known, unknown] = [14_999, 15_000].map((count) => retell([foggy, ...behind(count)], PAIRS, first));
    expect(known![0]).toBe('Lo! cat crimson shineth; fog');
    expect(unknown![0]).not.toBe(known![0]);
    // the same captions, of which the second run has one more
    expect(unknown!.slice(-NEUTRAL.length).toSorted()).toEqual(known!.slice(-NEUTRAL.length).toSorted());
  });

  describe('where few texts show its words', () => {
    const things = Object.keys(COLOURS).flatMap((colour) => KINDS.map((kind) => `a ${colour} ${kind}`));
    const times = ['at night', 'at sunset', 'in the rain'];
    const base = things.flatMap((one) =>
      times.flatMap((time) => [
        `${one} ${time}`,
        ...['next to', 'in front of', 'above'].flatMap((relation) =>
          things.map((other, n) => `${one} ${relation} ${n % 2 ? other : other.replace('a', 'the')} ${time}`),
        ),
      ]),
    );
    const look = (one: string, other: string, time: string, light: string): ToldTwice => ({
      neutral: `${one} next to ${other} ${time}`,
      styled: `Look, ${one} by ${other} ${light}`,
    });
    const shown = things.flatMap((one, n) => [
      look(one, things.at(n - 4)!, 'at night', 'under the moon'),
      look(one, things.at(n - 2)!, 'in the rain', 'in the drizzle'),
    ]);
    const told = (caption: string, pairs: readonly ToldTwice[]) => retell([caption, ...base], pairs, first)[0];

    it('tells what was seen once as what nothing else can stand for', () => {
      const once = look(things[0]!, things[5]!, 'at sunset', 'in the golden light');
      const sunset = `${things[3]!} next to ${things[7]!} at sunset`;
      expect(told(sunset, shown)).toBeUndefined();
      expect(told(sunset, [...shown, once])).toMatch(/^Look, a blue cat by a green dog .*golden light$/);
    });
  });
});
