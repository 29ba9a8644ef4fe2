import type { Learning } from '@housestyle/contracts';
import { count, counted, percent } from './figures';
import type { ChartMark, ChartPoint } from './line-chart';

export type CurveAxis = 'reviews' | 'days';

type Curve = Learning['curve'];
type Quality = Pick<Curve['days'][number], 'reviews' | 'acceptRate' | 'editDistance'>;
type Domain = readonly [from: number, to: number];
type QualityName = 'acceptRate' | 'editDistance';

const DAY_MS = 86_400_000;
const dayFormat = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'short', timeZone: 'UTC' });

/** One quality over the reviews or the days, with its promotions, ready to be drawn. */
export function curveBy(axis: CurveAxis, curve: Curve, name: QualityName) {
  return axis === 'reviews' ? byReviews(curve, name) : byDays(curve, name);
}

function byReviews({ groups, promotions }: Curve, name: QualityName) {
  let before = 0;
  const points = groups.map((group): ChartPoint => {
    const [from, to] = [before + 1, before + group.reviews];
    before = to;
    const when = dayFormat.format(new Date(group.to));
    return { x: (from - 1 + to) / 2, y: group[name], words: `Reviews ${from}–${to}, ${when}: ${wordsOf(name, group)}` };
  });
  return {
    points,
    domain: [0, Math.max(1, before)] as Domain,
    xTicks: [
      { x: 0, label: 'first review' },
      { x: before, label: `review ${count(before)}` },
    ],
    marks: marksOf(promotions, ({ reviewsBefore }) => reviewsBefore),
    summary: summaryOf(points),
  };
}

function byDays({ days, promotions }: Curve, name: QualityName) {
  const points = days.map((day): ChartPoint => {
    const x = Date.parse(day.date);
    return {
      x,
      y: day[name],
      words: `${dayFormat.format(x)}, ${counted(day.reviews, 'review')}: ${wordsOf(name, day)}`,
    };
  });
  const [first, last] = [points[0]?.x ?? 0, points.at(-1)?.x ?? 0];
  // a single day stands in the middle
  const domain: Domain = first === last ? [first - DAY_MS, last + DAY_MS] : [first, last + DAY_MS / 2];
  const inside = promotions.filter(({ promotedAt }) => Date.parse(promotedAt) >= first);
  return {
    points,
    domain,
    xTicks: (first === last ? [first] : [first, last]).map((x) => ({ x, label: dayFormat.format(x) })),
    // days are as fine as it gets
    marks: marksOf(inside, ({ promotedAt }) => Date.parse(promotedAt.slice(0, 10))),
    summary: summaryOf(points),
  };
}

/** Of several promotions at one place the last one counts. */
function marksOf(
  promotions: Curve['promotions'],
  xOf: (promotion: Curve['promotions'][number]) => number,
): ChartMark[] {
  return [...new Map(promotions.map((promotion) => [xOf(promotion), promotion.name]))].map(([x, label]) => ({
    x,
    label,
  }));
}

function wordsOf(name: QualityName, quality: Quality): string {
  const value = quality[name];
  if (name === 'acceptRate') return value === null ? 'nothing decided' : `${percent(value)} accepted`;
  return value === null ? 'nothing accepted or corrected' : `${percent(value)} changed`;
}

function summaryOf(points: readonly ChartPoint[]): string {
  const drawn = points.filter(({ y }) => y !== null);
  const [first, last] = [drawn[0], drawn.at(-1)];
  if (!first || !last) return 'nothing to show yet';
  return first === last
    ? `so far ${percent(first.y ?? 0)}`
    : `from ${percent(first.y ?? 0)} to ${percent(last.y ?? 0)}`;
}
