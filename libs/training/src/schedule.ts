/** How the learning rate rises and falls over a run, as a factor of the rate asked for. */
export type Schedule = ShareSchedule | UpdateSchedule;

export interface ShareSchedule {
  /** share of the run during which the rate rises from nothing: of a short run only a short while. */
  readonly warmupShare: number;
  readonly decay: 'constant' | 'linear' | 'cosine';
}

/**
 * transformers.get_linear_schedule_with_warmup, which trained ClipCap: the first update moves nothing, and a run that is
 * shorter than its warm-up never comes to its rate.
 */
export interface UpdateSchedule {
  readonly warmupUpdates: number;
}

/** The factor at update `step` of `steps`, counted from 0. By shares the first update already moves, the last one still does. */
export function scheduleFactor(schedule: Schedule, step: number, steps: number): number {
  if ('warmupUpdates' in schedule) return linearFactor(schedule.warmupUpdates, step, steps);
  const { warmupShare, decay } = schedule;
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

function linearFactor(warmup: number, step: number, steps: number): number {
  if (step < warmup) return step / warmup;
  return Math.max(0, (steps - step) / Math.max(1, steps - warmup));
}
