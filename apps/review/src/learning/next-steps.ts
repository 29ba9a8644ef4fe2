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
export function nextSteps(
  readiness: Readiness,
  schedule: TrainingSchedule,
  nowMs: number,
  isLearning = false,
): string[] {
  const { state, missing, reviewsSinceLastRun } = readiness;
  const beginnings = {
    cold: `Accept or correct captions on the desk: with ${counted(schedule.minimumSamples, 'picture')} it can begin to learn how you write.`,
    warming: `After ${counted(missing, 'more accepted or corrected picture')} it can begin to learn how you write.`,
    ready: 'A new version writes only once it has proved better on captions it has not seen.',
  };
  const since = state === 'ready' ? reviewsSinceLastRun : undefined;
  return [beginnings[state], ...whenItLearns(schedule, since, nowMs, isLearning)];
}

/** @param since reviews since the last run; undefined: not ready, so nothing would start */
function whenItLearns(
  schedule: TrainingSchedule,
  since: number | undefined,
  nowMs: number,
  isLearning: boolean,
): string[] {
  const { isEnabled, cron, newReviews: enough } = schedule;
  if (!isEnabled || (cron === null && enough === null)) return ['It learns on request only.'];
  const words: string[] = [];
  if (enough !== null) {
    words.push(
      since === undefined
        ? `Then it learns by itself after every ${counted(enough, 'new review')}.`
        : since < enough
          ? `It learns by itself after ${counted(enough - since, 'more review')} (every ${enough} since the last run).`
          : isLearning
            ? 'Enough new reviews are in: it learns again when this run has ended.'
            : 'Enough new reviews are in: it learns by itself with the next one.',
    );
  }
  if (cron !== null) {
    const at = nextTime(cron, nowMs);
    const next = at && since !== undefined ? `, next ${whenFormat.format(at)} your time` : '';
    words.push(`It learns ${timetableWords(cron)} if there are new reviews${next}.`);
  }
  return words;
}
