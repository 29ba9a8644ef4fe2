import { normalisedEditDistance } from './edit-distance.js';
import type { ReviewDecision } from './review.js';

/** A decided suggestion, as far as it says how good its mapper is. */
export interface Verdict {
  readonly decision: ReviewDecision;
  readonly suggested: string;
  /** the caption that stands; undefined when rejected. */
  readonly accepted?: string;
}

/** How a mapper's captions fare with the people who review them. */
export interface LiveQuality {
  readonly nReviews: number;
  /** of all decisions, 0–1; null without any. */
  readonly acceptRate: number | null;
  /** mean over accepted (0) and corrected captions; null without any. */
  readonly editDistance: number | null;
}

/** Reviews that each side needs before a promotion is judged by them. */
export const MIN_REVIEWS_TO_JUDGE = 20;
/** A fall of the accept rate beyond it, and beyond chance, takes a promotion back. */
export const MAX_ACCEPT_RATE_FALL = 0.1;
/** So does a growth of the mean edit distance. */
export const MAX_EDIT_GROWTH = 0.05;
/** What counts as beyond chance, in standard errors of the difference. */
const STANDARD_ERRORS = 2.33;

export function liveQuality(verdicts: readonly Verdict[]): LiveQuality {
  return {
    nReviews: verdicts.length,
    acceptRate: verdicts.length === 0 ? null : momentsOf(acceptances(verdicts)).mean,
    editDistance: edits(verdicts).length === 0 ? null : momentsOf(edits(verdicts)).mean,
  };
}

/**
 * Why `after` is a change for the worse that chance does not explain; undefined when it is not, or when there are too
 * few reviews to say.
 */
export function declineOf(before: readonly Verdict[], after: readonly Verdict[]): string | undefined {
  if (Math.min(before.length, after.length) < MIN_REVIEWS_TO_JUDGE) return undefined;
  const [acceptedBefore, acceptedAfter] = [momentsOf(acceptances(before)), momentsOf(acceptances(after))];
  if (isBeyond(acceptedAfter, acceptedBefore, MAX_ACCEPT_RATE_FALL)) {
    return `the accept rate fell from ${percent(acceptedBefore.mean)} to ${percent(acceptedAfter.mean)}`;
  }
  const [editsBefore, editsAfter] = [momentsOf(edits(before)), momentsOf(edits(after))];
  if (isBeyond(editsBefore, editsAfter, MAX_EDIT_GROWTH)) {
    return `the mean edit distance grew from ${editsBefore.mean.toFixed(3)} to ${editsAfter.mean.toFixed(3)}`;
  }
  return undefined;
}

interface Moments {
  readonly n: number;
  readonly mean: number;
  readonly variance: number;
}

/** Whether `high` exceeds `low` by more than `bound` and by more than chance. */
function isBeyond(low: Moments, high: Moments, bound: number): boolean {
  const difference = high.mean - low.mean;
  const error = Math.sqrt(low.variance / low.n + high.variance / high.n);
  return low.n > 0 && high.n > 0 && difference > bound && difference > STANDARD_ERRORS * error;
}

const acceptances = (verdicts: readonly Verdict[]): number[] =>
  verdicts.map(({ decision }) => (decision === 'accepted' ? 1 : 0));

const edits = (verdicts: readonly Verdict[]): number[] =>
  verdicts.flatMap(({ suggested, accepted }) =>
    accepted === undefined ? [] : [normalisedEditDistance(suggested, accepted)],
  );

function momentsOf(values: readonly number[]): Moments {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  // one pseudo-observation at the far end keeps an all-equal sample from claiming to have no error
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 1 / 4) / n;
  return { n, mean, variance };
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;
