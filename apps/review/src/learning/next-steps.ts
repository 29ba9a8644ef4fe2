import type { Readiness, TrainingSchedule } from '@housestyle/contracts';
import { counted } from './figures';
import { nextTime, timetableWords } from './timetable';

const whenFormat = new Intl.DateTimeFormat('en', {
  weekday: 'short',
  hour: '2-digit',
  minute: '2-digit',
  hour12: false,
});

/** What happens next and when, in sentences. */
export function nextSteps(readiness: Readiness, schedule: TrainingSchedule, nowMs: number): string[] {
  const { state, missing, newReviews } = readiness;
  const beginnings = {
    cold: `Accept or correct captions on the desk: with ${counted(schedule.minimumSamples, 'picture')} it can begin to learn how you write.`,
    warming: `After ${counted(missing, 'more accepted or corrected picture')} it can begin to learn how you write.`,
    ready: 'A new version writes only once it has proved better on captions it has not seen.',
  };
  return [beginnings[state], ...whenItLearns(schedule, state === 'ready' ? newReviews : undefined, nowMs)];
}

/** @param newReviews since the last run; undefined: not ready, so nothing would start */
function whenItLearns(schedule: TrainingSchedule, newReviews: number | undefined, nowMs: number): string[] {
  const { isEnabled, cron, newReviews: enough } = schedule;
  if (!isEnabled || (cron === null && enough === null)) return ['It learns on request only.'];
  const words: string[] = [];
  if (enough !== null) {
    words.push(
      newReviews === undefined
        ? `Then it learns by itself after every ${counted(enough, 'new review')}.`
        : newReviews >= enough
          ? 'Enough new reviews are in: it learns by itself with the next one.'
          : `It learns by itself after ${counted(enough - newReviews, 'more review')} (every ${enough}).`,
    );
  }
  if (cron !== null) {
    const at = nextTime(cron, nowMs);
    const next = at && newReviews !== undefined ? `, next ${whenFormat.format(at)} your time` : '';
    words.push(`It learns ${timetableWords(cron)} if there are new reviews${next}.`);
  }
  return words;
}
