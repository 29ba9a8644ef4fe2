import { niceTicks, shownNumber } from './axis-ticks.js';

export interface PlotSeries {
  readonly name: string;
  /** x and y, by x; above 0 in x where `logX`. */
  readonly points: readonly (readonly [x: number, y: number])[];
  /** of the same colour as the series before it, which it belongs to: held out beside learned, say. */
  readonly isDashed?: boolean;
}

export interface LinePlot {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly PlotSeries[];
  /** x grows by factors, and its ticks are the points' own where they are few. */
  readonly logX?: boolean;
}

/** Lines with their points, axes and a legend: an SVG image, readable on light and on dark pages. */
export function linePlot({ title, xLabel, yLabel, series, logX = false }: LinePlot): string {
  const drawn = series.filter(({ points }) => points.length > 0);
  const legend = LEGEND_LINE * Math.ceil(drawn.length / LEGEND_COLUMNS);
  const top = 44 + legend;
  const xs = [...new Set(drawn.flatMap(({ points }) => points.map(([x]) => x)))].sort((a, b) => a - b);
  const ys = drawn.flatMap(({ points }) => points.map(([, y]) => y));
  const xTicks = logX && xs.length <= MOST_OWN_TICKS ? xs : niceTicks(xs[0] ?? 0, xs.at(-1) ?? 1);
  const yTicks = niceTicks(Math.min(...ys, Infinity), Math.max(...ys, -Infinity));
  const along = logX ? Math.log : (x: number): number => x;
  const xOf = scale(along(logX ? (xs[0] ?? 1) : xTicks[0]!), along(logX ? (xs.at(-1) ?? 1) : xTicks.at(-1)!), {
    from: LEFT,
    to: WIDTH - RIGHT,
  });
  const yOf = scale(yTicks[0]!, yTicks.at(-1)!, { from: HEIGHT - BOTTOM, to: top });
  const at = ([x, y]: readonly [number, number]): string => `${place(xOf(along(x)))},${place(yOf(y))}`;
  const colours = coloursOf(drawn);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(title)}" font-family="system-ui, -apple-system, 'Segoe UI', sans-serif" font-size="12" fill="#52606d">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" rx="10" fill="#fbfcfd"/>`,
    text(title, { x: LEFT, y: 26 }, 'font-size="15" font-weight="600" fill="#1f2933"'),
    ...drawn.map((each, n) => legendEntry(each, n, colours[n]!)),
    ...yTicks.flatMap((tick) => [
      `<path d="M${LEFT} ${place(yOf(tick))}H${WIDTH - RIGHT}" stroke="#e3e8ee"/>`,
      text(shownNumber(tick), { x: LEFT - 8, y: yOf(tick) + 4 }, 'text-anchor="end"'),
    ]),
    ...spacedOut(xTicks, (tick) => xOf(along(tick))).map((tick) =>
      text(shownNumber(tick), { x: xOf(along(tick)), y: HEIGHT - BOTTOM + 18 }, 'text-anchor="middle"'),
    ),
    `<path d="M${LEFT} ${HEIGHT - BOTTOM}H${WIDTH - RIGHT}" stroke="#9aa5b1"/>`,
    text(xLabel, { x: (LEFT + WIDTH - RIGHT) / 2, y: HEIGHT - 10 }, 'text-anchor="middle"'),
    `<text transform="translate(16 ${place((top + HEIGHT - BOTTOM) / 2)}) rotate(-90)" text-anchor="middle">${escaped(yLabel)}</text>`,
    ...drawn.flatMap(({ points, isDashed }, n) => [
      `<polyline points="${points.map(at).join(' ')}" fill="none" stroke="${colours[n]!}" stroke-width="2"${isDashed ? DASHED : ''}/>`,
      ...points.map((point) => {
        const [x, y] = at(point).split(',');
        return `<circle cx="${x}" cy="${y}" r="3" ${isDashed ? `fill="#fbfcfd" stroke="${colours[n]!}"` : `fill="${colours[n]!}"`}/>`;
      }),
    ]),
    '</svg>\n',
  ].join('\n');
}

const [WIDTH, HEIGHT] = [640, 400] as const;
const [LEFT, RIGHT, BOTTOM] = [62, 24, 48] as const;
const [LEGEND_COLUMNS, LEGEND_LINE] = [2, 18] as const;
/** pixels. */
const LEAST_BETWEEN_LABELS = 26;
const MOST_OWN_TICKS = 12;
const DASHED = ' stroke-dasharray="5 4"';

/** Told apart with any kind of colour vision (Okabe and Ito's palette, the light yellow left out). */
const PALETTE = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#1f2933'] as const;

function coloursOf(series: readonly PlotSeries[]): string[] {
  let next = 0;
  return series.map(({ isDashed }, n) => {
    if (!isDashed || n === 0) next += 1;
    return PALETTE[(next - 1) % PALETTE.length]!;
  });
}

function legendEntry({ name, isDashed }: PlotSeries, n: number, colour: string): string {
  const column = (WIDTH - LEFT - RIGHT) / LEGEND_COLUMNS;
  const x = LEFT + (n % LEGEND_COLUMNS) * column;
  const y = 46 + LEGEND_LINE * Math.floor(n / LEGEND_COLUMNS);
  return [
    `<path d="M${x} ${y - 4}h26" stroke="${colour}" stroke-width="2"${isDashed ? DASHED : ''}/>`,
    text(name, { x: x + 34, y }),
  ].join('');
}

/** From the values `first` to `last` to pixels; in the middle where there is but one value. */
function scale(
  first: number,
  last: number,
  { from, to }: { readonly from: number; readonly to: number },
): (value: number) => number {
  if (first === last) return () => (from + to) / 2;
  return (value) => from + ((value - first) / (last - first)) * (to - from);
}

/** Of ticks that would overlap, those that come first; the last one always. */
function spacedOut(ticks: readonly number[], xOf: (tick: number) => number): number[] {
  const kept: number[] = [];
  for (const tick of [...ticks].reverse()) {
    const before = kept.at(-1);
    if (before === undefined || xOf(before) - xOf(tick) >= LEAST_BETWEEN_LABELS) kept.push(tick);
  }
  return kept.reverse();
}

const text = (content: string, { x, y }: { readonly x: number; readonly y: number }, attributes = ''): string =>
  `<text x="${place(x)}" y="${place(y)}"${attributes && ` ${attributes}`}>${escaped(content)}</text>`;

/** To a tenth of a pixel. */
const place = (pixels: number): string => String(Math.round(10 * pixels) / 10);

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (content: string): string => content.replace(/[&<>"]/g, (character) => ENTITIES[character]!);
