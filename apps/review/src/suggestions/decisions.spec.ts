import type { Suggestion } from '@housestyle/contracts';
import { describe, expect, it } from 'vitest';
import { decisionForWording } from './actions';
import { timeAgo } from './time-ago';
import { decisionFor } from './use-reviews';

const suggestion = {
  caption: 'A red boat.',
  hypotheses: [{ text: 'A red boat.' }, { text: 'A boat.' }],
} as Suggestion;

describe('a decision', () => {
  it('from typed words is a correction, unless they are the caption itself', () => {
    expect(decisionFor(suggestion, '  A red\n  ship. ')).toEqual({ decision: 'corrected', text: 'A red ship.' });
    expect(decisionFor(suggestion, ' A red boat. ')).toEqual({ decision: 'accepted' });
    expect(decisionFor(suggestion, '   ')).toBeUndefined();
  });

  it('from another wording takes it, and the first is the caption', () => {
    expect(decisionForWording(suggestion, 0)).toEqual({ decision: 'accepted' });
    expect(decisionForWording(suggestion, 1)).toEqual({ decision: 'corrected', text: 'A boat.' });
    expect(decisionForWording(suggestion, 4)).toBeUndefined();
  });
});

describe('a time ago', () => {
  it.each([
    [-59_000, 'just now'],
    [-60_000, '1 min. ago'],
    [-3_600_000 * 3 - 5, '3 hr. ago'],
    [-86_400_000 * 2, '2 days ago'],
    [5_000, 'just now'],
  ])('of %i ms reads “%s”', (differenceMs, words) => {
    expect(timeAgo(differenceMs)).toBe(words);
  });
});
