/**
 * requested ──▶ running ──▶ promoted | refused | failed
 *     └────────────┴──────▶ cancelled
 *
 * At most one run of a tenant is requested or running. A run left `running` by a process that died is taken up again
 * by the next that holds the tenant's lock.
 */
export const TRAINING_STATUSES = ['requested', 'running', 'promoted', 'refused', 'failed', 'cancelled'] as const;
export type TrainingStatus = (typeof TRAINING_STATUSES)[number];

/** What asked for a run: the tenant's timetable, enough new reviews, or a person. */
export const TRAINING_TRIGGERS = ['schedule', 'threshold', 'demand'] as const;
export type TrainingTrigger = (typeof TRAINING_TRIGGERS)[number];

/** Why a mapper version became the champion: it passed the gate, a person chose it, or another was taken back. */
export const PROMOTION_KINDS = ['training', 'manual', 'rollback', 'automatic_rollback'] as const;
export type PromotionKind = (typeof PROMOTION_KINDS)[number];

/** Fewer show too little of what a style tells for lost content to be seen: below that nothing is promoted. */
export const LEAST_PICTURES = 20;

/** When a tenant's mapper is trained. */
export interface TrainingSchedule {
  readonly isEnabled: boolean;
  /** five fields, in UTC; undefined: only by threshold and on demand. */
  readonly cron?: string;
  /** reviews since the last run that start the next one at once; undefined: only by timetable and on demand. */
  readonly newReviews?: number;
  /** distinct pictures with an accepted or corrected caption, below which nothing is trained; a tenant sets `LEAST_PICTURES` or more. */
  readonly minimumSamples: number;
}

export const DEFAULT_TRAINING_SCHEDULE: TrainingSchedule = {
  isEnabled: true,
  cron: '0 3 * * *',
  newReviews: 20,
  minimumSamples: LEAST_PICTURES,
};

/** Starts of one run before it is given up: a run that keeps killing its process must not do so for ever. */
export const MAX_TRAINING_ATTEMPTS = 5;

/** Learning is `cold` before the first review, `warming` until there are enough, then `ready`. */
export const READINESS_STATES = ['cold', 'warming', 'ready'] as const;
export type ReadinessState = (typeof READINESS_STATES)[number];

/** @param pictures distinct ones with an accepted or corrected caption */
export function readinessState(pictures: number, { minimumSamples }: TrainingSchedule): ReadinessState {
  if (pictures >= minimumSamples) return 'ready';
  return pictures === 0 ? 'cold' : 'warming';
}
