import type { Learning } from '@housestyle/contracts';
import { useState } from 'react';
import { Button } from '../look/button';
import { curveBy, type CurveAxis } from './curve-points';
import { counted, roundPercent } from './figures';
import classes from './learning-curve.module.css';
import { LineChart } from './line-chart';
import panel from './panel.module.css';

/** Where an axis of shares may end, and how it is divided. */
const TOPS: readonly (readonly [top: number, step: number])[] = [
  [0.1, 0.05],
  [0.2, 0.1],
  [0.3, 0.1],
  [0.4, 0.2],
  [0.6, 0.2],
  [0.8, 0.4],
];
const WHOLE = [1, 0.5] as const;
const AXES: readonly [CurveAxis, string][] = [
  ['reviews', 'By review'],
  ['days', 'By day'],
];

/** How captions have fared with the people who review them, with every change of version marked. */
export function LearningCurvePanel({ curve }: { curve: Learning['curve'] }) {
  const [axis, setAxis] = useState<CurveAxis>(curve.days.length >= 8 ? 'days' : 'reviews');
  const total = curve.groups.reduce((sum, { reviews }) => sum + reviews, 0);
  if (total === 0)
    return (
      <section className={panel.panel} aria-labelledby="curve-title">
        <h2 id="curve-title">How it is coming along</h2>
        <p className={panel.note}>
          The curve begins with the first review: how many captions stand as they were written, and how much is changed
          in the others.
        </p>
      </section>
    );
  const edits = curveBy(axis, curve, 'editDistance');
  const accepted = curveBy(axis, curve, 'acceptRate');
  const highest = Math.max(...edits.points.map(({ y }) => y ?? 0));
  const [top, step] = TOPS.find(([each]) => each >= highest) ?? WHOLE;
  return (
    <section className={panel.panel} aria-labelledby="curve-title">
      <header className={panel.header}>
        <h2 id="curve-title">How it is coming along</h2>
        <span className={panel.aside}>{counted(total, 'review')}</span>
        <span className={classes.axes} role="group" aria-label="Drawn">
          {AXES.map(([each, words]) => (
            <Button key={each} look="ghost" aria-pressed={axis === each} onClick={() => setAxis(each)}>
              {words}
            </Button>
          ))}
        </span>
      </header>
      <div className={classes.charts}>
        <figure>
          <figcaption>
            Changed by editors <span>less is better</span>
          </figcaption>
          <LineChart
            {...edits}
            label={`Mean edit distance, ${edits.summary}`}
            range={[0, top]}
            yTicks={ticks(top, step)}
            rest="Mean share of a caption’s characters that were changed"
            hasDots
          />
        </figure>
        <figure>
          <figcaption>
            Accepted as written <span>more is better</span>
          </figcaption>
          <LineChart
            {...accepted}
            label={`Accept rate, ${accepted.summary}`}
            range={[0, 1]}
            yTicks={ticks(...WHOLE)}
            rest="Share of all decisions"
            look="accept"
            hasDots
          />
        </figure>
      </div>
    </section>
  );
}

const ticks = (top: number, step: number) =>
  Array.from({ length: Math.round(top / step) + 1 }, (_, n) => ({ y: n * step, label: roundPercent(n * step) }));
