/** Median (least–greatest), to three digits or so. */
export function middle(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const median = (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
  return `${shown(median)} (${shown(sorted[0])}–${shown(sorted.at(-1))})`;
}

const shown = (value) => (value >= 10 ? value.toFixed(1) : value.toFixed(2));
