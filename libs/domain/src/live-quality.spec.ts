import { describe, expect, it } from 'vitest';
import { normalisedEditDistance } from './edit-distance.js';
import { declineOf, liveQuality, type Verdict } from './live-quality.js';

const accepted: Verdict = { decision: 'accepted', suggested: 'A red boat.', accepted: 'A red boat.' };
const corrected: Verdict = { decision: 'corrected', suggested: 'A red boat.', accepted: 'A blue boat.' };
const rewritten: Verdict = { decision: 'corrected', suggested: 'A red boat.', accepted: 'Bateau bleu au port' };
const rejected: Verdict = { decision: 'rejected', suggested: 'A red boat.' };
const of = (verdict: Verdict, count: number): Verdict[] => Array.from({ length: count }, () => verdict);

describe('editDistance', () => {
  it.each([
    ['', '', 0],
    ['same', 'same', 0],
    ['', 'abc', 1],
    ['kitten', 'sitting', 3 / 7],
    ['🐱', '🐶', 1],
  ])('of %j and %j is %d', (a, b, distance) => {
    expect(normalisedEditDistance(a, b)).toBeCloseTo(distance, 12);
    expect(normalisedEditDistance(b, a)).toBeCloseTo(distance, 12);
  });
});

describe('liveQuality', () => {
  it('counts rejections against the accept rate, and not as edits', () => {
    expect(liveQuality([...of(accepted, 2), corrected, rejected])).toEqual({
      nReviews: 4,
      acceptRate: 0.5,
      editDistance: normalisedEditDistance('A red boat.', 'A blue boat.') / 3,
    });
    expect(liveQuality([])).toEqual({ nReviews: 0, acceptRate: null, editDistance: null });
  });
});

describe('declineOf', () => {
  it('sees the accept rate fall', () => {
    expect(declineOf([...of(accepted, 30), ...of(corrected, 10)], [...of(accepted, 5), ...of(corrected, 25)])).toBe(
      'the accept rate fell from 75 % to 17 %',
    );
  });

  it('sees edits grow although as many are accepted', () => {
    const before = [...of(accepted, 20), ...of(corrected, 20)];
    const after = [...of(accepted, 20), ...of(rewritten, 20)];
    expect(declineOf(before, after)).toMatch(/^the mean edit distance grew from/);
  });

  it('says nothing of few reviews, of a better mapper, or of what chance explains', () => {
    expect(declineOf(of(accepted, 40), of(rejected, 19))).toBeUndefined();
    expect(declineOf(of(corrected, 40), of(accepted, 40))).toBeUndefined();
    expect(declineOf([...of(accepted, 15), ...of(corrected, 5)], [...of(accepted, 12), ...of(corrected, 8)])).toBe(
      undefined,
    );
  });
});
