import { describe, expect, it } from 'vitest';
import { stepIn, type Step } from './grid-steps';

describe('a step in a grid of 7 cards in rows of 3', () => {
  it.each<[Step, number, number]>([
    ['next', 0, 1],
    ['next', 6, 6],
    ['previous', 3, 2],
    ['previous', 0, 0],
    ['down', 1, 4],
    ['down', 4, 6],
    ['down', 6, 6],
    ['up', 4, 1],
    ['up', 2, 2],
    ['first', 5, 0],
    ['last', 2, 6],
    ['next', -1, 0],
    ['last', -1, 6],
  ])('%s from %i leads to %i', (step, from, to) => {
    expect(stepIn(step, from, 7, 3)).toBe(to);
  });

  it('leads nowhere in an empty grid', () => {
    expect(stepIn('next', -1, 0, 3)).toBe(-1);
  });
});
