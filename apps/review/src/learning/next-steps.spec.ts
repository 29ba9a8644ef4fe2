import type { Readiness, TrainingSchedule } from '@housestyle/contracts';
import { describe, expect, it } from 'vitest';
import { nextSteps } from './next-steps';

const schedule: TrainingSchedule = { isEnabled: true, cron: '0 3 * * *', newReviews: 20, minimumSamples: 20 };
const readiness = (change: Partial<Readiness>) =>
  ({ state: 'ready', missing: 0, newReviews: 5, reviewsSinceLastRun: 5, ...change }) as Readiness;
const steps = (change: Partial<Readiness>, of: Partial<TrainingSchedule> = {}) =>
  nextSteps(readiness(change), { ...schedule, ...of }, Date.parse('2026-11-21T05:00:00Z')).join(' ');

describe('what happens next', () => {
  it('is counted down while there is too little', () => {
    expect(steps({ state: 'cold', missing: 20 })).toContain('with 20 pictures it can begin');
    expect(steps({ state: 'warming', missing: 1 })).toContain(
      'After 1 more accepted or corrected picture it can begin',
    );
    expect(steps({ state: 'warming', missing: 1 })).toContain('after every 20 new reviews');
  });

  it('is said by number and by time once there is enough', () => {
    expect(steps({})).toContain('after 15 more reviews (every 20 since the last run)');
    expect(steps({ reviewsSinceLastRun: 21 })).toContain('with the next one');
    expect(steps({})).toMatch(/every day at 03:00 UTC if there are new reviews, next Sun/);
    expect(steps({}, { newReviews: null })).not.toContain('after');
    expect(steps({}, { cron: null })).not.toContain('UTC');
  });

  it('counts as the trigger does, which a run that was cut short starts anew', () => {
    expect(steps({ newReviews: 20, reviewsSinceLastRun: 0 })).toContain('after 20 more reviews');
  });

  it('waits for a run at work', () => {
    const now = Date.parse('2026-11-21T05:00:00Z');
    const words = nextSteps(readiness({ reviewsSinceLastRun: 20 }), schedule, now, true).join(' ');
    expect(words).toContain('it learns again when this run has ended');
  });

  it('is nothing by itself where that is switched off', () => {
    expect(steps({}, { isEnabled: false })).toContain('on request only');
    expect(steps({}, { cron: null, newReviews: null })).toContain('on request only');
  });
});
