import { expect, it } from 'vitest';
import { inTurns } from './fair-turns.js';

it('takes the first of each before the second of any, and keeps each one’s order', () => {
  const names = ['a1', 'a2', 'a3', 'b1', 'a4', 'c1', 'b2'];
  expect(inTurns(names, ([key]) => key)).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3', 'a4']);
  expect(inTurns([], String)).toEqual([]);
});
