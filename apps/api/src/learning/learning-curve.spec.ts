import type { DatedVerdict, NamedPromotion } from '@housestyle/database';
import { describe, expect, it } from 'vitest';
import { learningCurve } from './learning-curve.js';

const at = (n: number) => new Date(Date.UTC(2026, 10, 20, 0, n));
const verdicts = (count: number): DatedVerdict[] =>
  Array.from({ length: count }, (_, n) => ({
    decision: 'accepted',
    suggested: 'A boat.',
    accepted: 'A boat.',
    mapperId: 'base',
    reviewedAt: at(n),
  }));
const sizes = (count: number) => learningCurve(verdicts(count), [], 'demo').groups.map(({ reviews }) => reviews);

describe('the groups of the learning curve', () => {
  it.each([
    [0, []],
    [3, [3]],
    [19, [19]],
    [20, [10, 10]],
    [34, [10, 10, 14]],
  ])('of %i reviews are %o', (count, expected) => {
    expect(sizes(count)).toEqual(expected);
  });

  it('lose no review and stay few, however many there are', () => {
    for (const count of [399, 400, 401, 1234, 5000]) {
      expect(sizes(count).reduce((sum, size) => sum + size, 0)).toBe(count);
      expect(sizes(count).length).toBeLessThanOrEqual(40);
    }
  });

  it('know which reviews a promotion came after', () => {
    const promotion: NamedPromotion = { mapperVersionId: null, kind: 'rollback', reason: '', promotedAt: at(7) };
    expect(learningCurve(verdicts(20), [promotion], 'demo').promotions).toEqual([
      { mapperId: null, name: 'demo', kind: 'rollback', promotedAt: at(7).toISOString(), reviewsBefore: 7 },
    ]);
  });
});
