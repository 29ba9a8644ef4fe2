import { describe, expect, it } from 'vitest';
import { ptbTokenise, tokeniseCaptions } from './ptb-tokeniser.js';

const tokens = (line: string): string => ptbTokenise([line])[0]!.join(' ');

describe('ptbTokenise', () => {
  it.each([
    ["I can't, won't and DON'T cannot", "i ca n't , wo n't and do n't can not"],
    ["the dogs' and Macy's o'clock", "the dogs ' and macy 's o'clock"],
    ['“Yes,” she said — ‘no’…', "`` yes , '' she said -- ` no ' ..."],
    ['"quoted" 5" wide', "`` quoted '' 5 '' wide"],
    ['Mr. Smith of the U.S. met e.g. St. Nick etc.', 'mr. smith of the u.s. met e.g. st. nick etc.'],
    ['$1,000.50 or 5% of 12/25/2014 at 5:30pm', '$ 1,000.50 or 5 % of 12/25/2014 at 5:30 pm'],
    ['(a) [b] {c} <d>', '-lrb- a -rrb- -lsb- b -rsb- -lcb- c -rcb- <d>'],
    ['half-eaten black-and-white 12-year-old', 'half-eaten black-and-white 12-year-old'],
    ['me@example.com www.example.com/a?b=c', 'me@example.com www.example.com/a?b=c'],
    ['caf\u0301e naïve Москва 東京', 'caf\u0301e naïve москва 東京'],
    ['a😀b ok 👍', 'a b ok'],
    ['fish &amp; chips AT&T', 'fish & chips at&t'],
    ['add 1 1/2 cups', 'add 1\u00A01/2 cups'],
  ])('%s', (line, expected) => expect(tokens(line)).toBe(expected));

  it('closes a sentence after an abbreviation with a period of its own', () => {
    expect(tokens('back in Feb. The dog')).toBe('back in feb. . the dog');
    expect(tokens('back in Feb. the dog')).toBe('back in feb. the dog');
    expect(tokens('in the U.S. He ran')).toBe('in the u.s. . he ran');
    expect(tokens('plan A. It ran')).toBe('plan a . it ran');
  });

  it('keeps lines apart, empty ones too, but sees over their ends', () => {
    expect(ptbTokenise(['a b', '', ' ', 'c'])).toEqual([['a', 'b'], [], [], ['c']]);
    expect(ptbTokenise(['until Feb.', 'Two dogs'])).toEqual([
      ['until', 'feb.', '.'],
      ['two', 'dogs'],
    ]);
    expect(ptbTokenise(['one\ntwo\u2028three'])).toEqual([['one', 'two', 'three']]);
    expect(ptbTokenise([])).toEqual([]);
  });

  it('passes over what is no character', () => {
    expect(tokens('a \uD83D b \u0000 c')).toBe('a b c');
  });
});

describe('tokeniseCaptions', () => {
  it('leaves punctuation out, except brackets, as the COCO code does', () => {
    expect(tokeniseCaptions(['A "red" car (old), isn\'t it?'])).toEqual(["a red car -lrb- old -rrb- is n't it"]);
    expect(tokeniseCaptions(['.', ''])).toEqual(['', '']);
  });
});
