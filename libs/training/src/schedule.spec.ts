import { describe, expect, it } from 'vitest';
import { scheduleFactor, type Schedule } from './schedule.js';

const factors = (schedule: Schedule, steps: number) =>
  Array.from({ length: steps }, (_, step) => scheduleFactor(schedule, step, steps));

describe('scheduleFactor', () => {
  it('rises over a share of the run, moves from the first update and to the last', () => {
    const linear = factors({ warmupShare: 0.3, decay: 'linear' }, 10);
    expect(linear.slice(0, 4)).toEqual([0.25, 0.5, 0.75, 1]);
    expect(linear.at(-1)).toBeCloseTo(1 / 7);
    for (const [n, factor] of linear.entries()) if (n > 3) expect(factor).toBeLessThan(linear[n - 1]!);
  });

  it('falls along half a cosine, or not at all', () => {
    expect(factors({ warmupShare: 0, decay: 'cosine' }, 4)).toEqual([1, 0.8535533905932737, 0.5, 0.14644660940672627]);
    expect(factors({ warmupShare: 0, decay: 'constant' }, 3)).toEqual([1, 1, 1]);
  });

  it('rises and falls by updates as the official code’s, whose first update moves nothing', () => {
    expect(factors({ warmupUpdates: 4 }, 8)).toEqual([0, 0.25, 0.5, 0.75, 1, 0.75, 0.5, 0.25]);
    expect(factors({ warmupUpdates: 5000 }, 3)).toEqual([0, 0.0002, 0.0004]);
    expect(factors({ warmupUpdates: 0 }, 2)).toEqual([1, 0.5]);
  });

  it('reaches its top however short the run', () => {
    for (const steps of [1, 2, 3, 7]) {
      expect(Math.max(...factors({ warmupShare: 0.9, decay: 'linear' }, steps))).toBe(1);
    }
  });
});
