import { useElementSize } from '@mantine/hooks';
import { useId, useState, type KeyboardEvent, type PointerEvent } from 'react';
import classes from './line-chart.module.css';

export interface ChartPoint {
  readonly x: number;
  /** null: nothing to draw here */
  readonly y: number | null;
  /** what the point says when it is pointed at */
  readonly words: string;
}

export interface ChartMark {
  readonly x: number;
  readonly label: string;
}

interface LineChartProps {
  /** what the chart shows, for those who cannot see it */
  readonly label: string;
  /** in the order of x */
  readonly points: readonly ChartPoint[];
  readonly domain: readonly [from: number, to: number];
  /** from the bottom to the top of the chart */
  readonly range: readonly [low: number, high: number];
  readonly yTicks: readonly { readonly y: number; readonly label: string }[];
  readonly xTicks: readonly { readonly x: number; readonly label: string }[];
  readonly marks?: readonly ChartMark[];
  readonly look?: 'pencil' | 'accept';
  readonly hasDots?: boolean;
  /** pixels */
  readonly height?: number;
  /** stands where the readout does while nothing is pointed at */
  readonly rest?: string;
}

const ROOM = { top: 26, right: 14, bottom: 24, left: 44 };
/** pixels a mark's label takes */
const LABEL_WIDTH = 74;

/** One line over one axis. The arrow keys and the pointer read its points out, above it, where nothing moves. */
export function LineChart(props: LineChartProps) {
  const { label, points, domain, range, yTicks, xTicks, marks = [], look = 'pencil', hasDots = false } = props;
  const { height = 190, rest = '' } = props;
  const { ref, width } = useElementSize<HTMLDivElement>();
  const [at, setAt] = useState<number>();
  const readoutId = useId();
  const inner = Math.max(1, width - ROOM.left - ROOM.right);
  const toX = (x: number) => ROOM.left + ((x - domain[0]) / (domain[1] - domain[0] || 1)) * inner;
  const toY = (y: number) =>
    ROOM.top + (1 - (y - range[0]) / (range[1] - range[0] || 1)) * (height - ROOM.top - ROOM.bottom);
  const drawn = points.filter((point): point is ChartPoint & { readonly y: number } => point.y !== null);
  const active = at === undefined ? undefined : drawn[Math.min(at, drawn.length - 1)];

  const point = (event: PointerEvent<SVGSVGElement>) => {
    const x = event.clientX - event.currentTarget.getBoundingClientRect().left;
    const distances = drawn.map((each) => Math.abs(toX(each.x) - x));
    setAt(distances.length > 0 ? distances.indexOf(Math.min(...distances)) : undefined);
  };
  const step = (event: KeyboardEvent) => {
    const moves: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1, Home: -drawn.length, End: drawn.length };
    const move = moves[event.key];
    if (move === undefined || drawn.length === 0) return;
    event.preventDefault();
    setAt((now) => Math.max(0, Math.min(drawn.length - 1, (now ?? -1) + move)));
  };

  return (
    <div className={classes.chart} data-look={look}>
      <p className={classes.readout} id={readoutId} aria-live="polite">
        {active?.words ?? rest}
      </p>
      <div ref={ref} style={{ height }}>
        {width > 0 && (
          <svg
            width={width}
            height={height}
            role="img"
            aria-label={label}
            aria-describedby={readoutId}
            tabIndex={0}
            onPointerMove={point}
            onPointerDown={point}
            onPointerLeave={() => setAt(undefined)}
            onBlur={() => setAt(undefined)}
            onKeyDown={step}
          >
            {yTicks.map(({ y, label: words }) => (
              <g key={y}>
                <line className={classes.grid} x1={ROOM.left} x2={width - ROOM.right} y1={toY(y)} y2={toY(y)} />
                <text className={classes.tick} x={ROOM.left - 8} y={toY(y) + 4} textAnchor="end">
                  {words}
                </text>
              </g>
            ))}
            {xTicks.map(({ x, label: words }, n) => (
              <text
                key={x}
                className={classes.tick}
                x={toX(x)}
                y={height - 6}
                textAnchor={n === 0 ? 'start' : n === xTicks.length - 1 ? 'end' : 'middle'}
              >
                {words}
              </text>
            ))}
            {spaced(marks, toX).map(({ x, label: words, isLabelled }, n) => (
              <g key={n}>
                <line className={classes.mark} x1={toX(x)} x2={toX(x)} y1={ROOM.top - 8} y2={height - ROOM.bottom} />
                {isLabelled && (
                  <text
                    className={classes.markLabel}
                    x={Math.min(toX(x), width - 4)}
                    y={12}
                    textAnchor={toX(x) > width - LABEL_WIDTH / 2 ? 'end' : 'middle'}
                  >
                    {words}
                  </text>
                )}
              </g>
            ))}
            {drawn.length > 1 && (
              <path className={classes.line} d={`M${drawn.map(({ x, y }) => `${toX(x)},${toY(y)}`).join('L')}`} />
            )}
            {(hasDots || drawn.length === 1) &&
              drawn.map(({ x, y }) => <circle key={x} className={classes.dot} cx={toX(x)} cy={toY(y)} r={3.5} />)}
            {active && <circle className={classes.active} cx={toX(active.x)} cy={toY(active.y)} r={5} />}
          </svg>
        )}
      </div>
    </div>
  );
}

/** Labels that would stand in each other's way are left out, the newest last to go. */
function spaced(marks: readonly ChartMark[], toX: (x: number) => number) {
  let next = Number.POSITIVE_INFINITY;
  return marks
    .toReversed()
    .map((mark) => {
      const isLabelled = next - toX(mark.x) >= LABEL_WIDTH;
      if (isLabelled) next = toX(mark.x);
      return { ...mark, isLabelled };
    })
    .toReversed();
}
