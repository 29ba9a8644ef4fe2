import { count } from './figures';
import type { LossCurve as Curve } from './learning-cache';
import { LineChart } from './line-chart';

interface LossCurveProps {
  readonly curve: Curve;
  /** of the stage in hand; undefined: the curve ends where it ends */
  readonly steps?: number;
  readonly isLive?: boolean;
}

/** The loss by step: how surprised the model still is by the editor’s words. */
export function LossCurve({ curve, steps, isLive = false }: LossCurveProps) {
  const losses = curve.flatMap(({ loss }) => (loss === null ? [] : [loss]));
  const top = niceAbove(Math.max(0.1, ...losses));
  const last = Math.max(steps ?? 0, curve.at(-1)?.step ?? 0, 1);
  const latest = losses.at(-1);
  const rest =
    latest === undefined
      ? 'It begins with the first step'
      : `Loss ${latest.toFixed(3)}${isLive ? ' now' : ' at the end'}`;
  return (
    <div>
      <LineChart
        label={`Loss by step, ${rest}`}
        points={curve.map(({ step, loss }) => ({
          x: step,
          y: loss,
          words: `Step ${count(step)}: ${loss === null ? 'not a number' : `loss ${loss.toFixed(4)}`}`,
        }))}
        domain={[0, last]}
        range={[0, top]}
        yTicks={[0, top / 2, top].map((y) => ({ y, label: String(Number(y.toPrecision(2))) }))}
        xTicks={[
          { x: 0, label: 'step 0' },
          { x: last, label: count(last) },
        ]}
        height={204}
        rest={rest}
      />
    </div>
  );
}

/** The next of 1, 2 or 5 times a power of ten. */
function niceAbove(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5].find((factor) => factor * power >= value) ?? 10) * power;
}
