import { expect, it } from 'vitest';
import { readableWord, scaleEnd } from './prefix-words';

it.each([
  [' boat', 'boat'],
  ['\n', '⏎'],
  [' ', '␣'],
  ['', '␣'],
])('reads %j as %s', (text, word) => expect(readableWord(text)).toBe(word));

it('ends the scale at the next tenth above the largest cosine', () => {
  const at = (...cosines: number[]) => [{ norm: 1, words: cosines.map((cosine) => ({ text: 'a', cosine })) }];
  expect(scaleEnd(at(0.31, 0.2))).toBe(0.4);
  expect(scaleEnd(at(0.3))).toBe(0.3);
  expect(scaleEnd(at(0.999))).toBe(1);
  expect(scaleEnd(at(-0.2))).toBe(0.1);
  expect(scaleEnd([])).toBe(0.1);
});
