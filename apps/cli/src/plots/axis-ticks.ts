/** Round numbers, some five of them, that reach from `least` or below to `most` or above. */
export function niceTicks(least: number, most: number): number[] {
  if (!Number.isFinite(least) || !Number.isFinite(most)) return [0, 1];
  const span = most - least || Math.abs(most) || 1;
  const rough = span / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough * (1 - 1e-9))!;
  const [first, last] = [Math.floor(least / step + 1e-9), Math.ceil(most / step - 1e-9)];
  return Array.from({ length: Math.max(last, first + 1) - first + 1 }, (_, n) => rounded((first + n) * step));
}

/** 0.5, 1,000, 2.25: no more digits than there are. */
export const shownNumber = (value: number): string => value.toLocaleString('en-US', { maximumSignificantDigits: 6 });

/** Without the last digits' noise. */
const rounded = (value: number): number => Number(value.toPrecision(12));
