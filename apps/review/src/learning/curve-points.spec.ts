import type { Learning } from '@housestyle/contracts';
import { describe, expect, it } from 'vitest';
import { curveBy } from './curve-points';

const group = (reviews: number, editDistance: number | null, acceptRate = 0.5) => ({
  from: '2026-11-20T10:00:00.000Z',
  to: '2026-11-20T11:00:00.000Z',
  reviews,
  acceptRate,
  editDistance,
});
const promotion = (name: string, reviewsBefore: number) => ({
  mapperId: null,
  name,
  kind: 'training' as const,
  promotedAt: '2026-11-21T09:00:00.000Z',
  reviewsBefore,
});
const curve: Learning['curve'] = {
  groups: [group(10, 0.5), group(15, 0.2)],
  promotions: [promotion('Version 1', 10), promotion('Version 2', 25), promotion('Version 1', 25)],
  days: [
    { date: '2026-11-20', reviews: 10, acceptRate: 0.1, editDistance: 0.5 },
    { date: '2026-11-21', reviews: 15, acceptRate: 0.6, editDistance: null },
  ],
  mappers: [],
};

describe('the learning curve', () => {
  it('stands over the reviews, each group in its middle', () => {
    const { points, domain, marks, summary, xTicks } = curveBy('reviews', curve, 'editDistance');
    expect(points.map(({ x, y }) => [x, y])).toEqual([
      [5, 0.5],
      [17.5, 0.2],
    ]);
    expect(domain).toEqual([0, 25]);
    expect(points[1].words).toBe('Reviews 11–25, Nov 20: 20 % changed');
    expect(marks).toEqual([
      { x: 10, label: 'Version 1' },
      { x: 25, label: 'Version 1' },
    ]);
    expect(summary).toBe('from 50 % to 20 %');
    expect(xTicks.at(-1)!.label).toBe('review 25');
  });

  it('stands over the days, and leaves a gap where nothing is known', () => {
    const { points, domain, marks } = curveBy('days', curve, 'editDistance');
    expect(points.map(({ y }) => y)).toEqual([0.5, null]);
    expect(points[1].words).toBe('Nov 21, 15 reviews: nothing accepted or corrected');
    expect(domain[0]).toBe(Date.parse('2026-11-20'));
    expect(marks).toEqual([{ x: Date.parse('2026-11-21'), label: 'Version 1' }]);
  });
});
