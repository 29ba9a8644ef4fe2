/** What repeated measurements of one thing gave. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Undefined of nothing. Four digits: no clock says more. */
export function spread(values: readonly number[]): Spread | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const [min, median, max] = [sorted[0], sorted[Math.floor(sorted.length / 2)], sorted.at(-1)];
  if (min === undefined || median === undefined || max === undefined) return undefined;
  return { median: rounded(median), min: rounded(min), max: rounded(max) };
}

export const rounded = (value: number): number => Number(value.toPrecision(4));
