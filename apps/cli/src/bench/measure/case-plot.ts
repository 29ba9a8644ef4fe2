import { linePlot, type PlotSeries } from '../../plots/line-plot.js';

/** Something measured in several ways: by what it was measured with, and a figure. */
export interface PlottedCase {
  readonly settings: Readonly<Record<string, number | string>>;
  readonly value: number;
}

export interface CasePlot {
  readonly title: string;
  readonly yLabel: string;
  /** of settings. */
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * A curve along the number that takes the most values, a line for each combination of the others that vary.
 * @returns an SVG image; undefined when no number varies
 */
export function plotCases(cases: readonly PlottedCase[], { title, yLabel, labels }: CasePlot): string | undefined {
  const keys = Object.keys(cases[0]?.settings ?? {});
  const valuesOf = (key: string) => new Set(cases.map(({ settings }) => settings[key]));
  const isNumber = (key: string) => cases.every(({ settings }) => typeof settings[key] === 'number');
  const [along] = keys.filter(isNumber).sort((a, b) => valuesOf(b).size - valuesOf(a).size);
  if (along === undefined || valuesOf(along).size < 2) return undefined;
  const others = keys.filter((key) => key !== along && valuesOf(key).size > 1);
  const lines = new Map<string, [number, number][]>();
  for (const { settings, value } of cases) {
    const name = others.map((key) => `${labels[key] ?? key} ${settings[key]}`.trim()).join(', ') || yLabel;
    lines.set(name, [...(lines.get(name) ?? []), [settings[along] as number, value]]);
  }
  const series: PlotSeries[] = [...lines].map(([name, points]) => ({
    name,
    points: points.sort(([a], [b]) => a - b),
  }));
  const isAboveZero = cases.every(({ settings }) => (settings[along] as number) > 0);
  return linePlot({ title, xLabel: labels[along] ?? along, yLabel, series, logX: isAboveZero });
}
