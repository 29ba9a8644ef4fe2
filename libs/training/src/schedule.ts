/** How the learning rate rises and falls over a run, as a factor of the rate asked for. */
export interface Schedule {
  /** share of the run during which the rate rises from nothing: of a short run only a short while. */
  readonly warmupShare: number;
  readonly decay: 'constant' | 'linear' | 'cosine';
}

/** The factor at update `step` of `steps`, counted from 0. The first update already moves, the last one still does. */
export function scheduleFactor({ warmupShare, decay }: Schedule, step: number, steps: number): number {
  const warmup = Math.min(Math.round(warmupShare * steps), steps - 1);
  if (step < warmup) return (step + 1) / (warmup + 1);
  const share = (step - warmup) / (steps - warmup);
  switch (decay) {
    case 'constant':
      return 1;
    case 'linear':
      return 1 - share;
    case 'cosine':
      return (1 + Math.cos(Math.PI * share)) / 2;
  }
}
