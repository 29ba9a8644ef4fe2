import { describe, expect, it } from 'vitest';
import { cronOf, isCron, nextTime, timetableOf, timetableWords } from './timetable';

describe('a timetable', () => {
  it.each([
    ['0 3 * * *', 'every day at 03:00 UTC'],
    ['30 18 * * 1-5', 'Monday to Friday at 18:30 UTC'],
    ['5 0 * * 7', 'every Sunday at 00:05 UTC'],
    ['*/15 6-18 * * 1-5', 'on the timetable */15 6-18 * * 1-5 (UTC)'],
  ])('%s reads “%s”', (cron, words) => {
    expect(timetableWords(cron)).toBe(words);
  });

  it.each(['0 3 * * *', '30 18 * * 1-5', '5 0 * * 1', '*/15 6-18 * * 1-5', null])(
    '%s survives being edited',
    (cron) => {
      expect(cronOf(timetableOf(cron))).toBe(cron);
    },
  );

  it('is checked as the server checks it', () => {
    expect([isCron('0 3 * * *'), isCron('60 3 * * *'), isCron('daily')]).toEqual([true, false, false]);
  });
});

describe('the next time', () => {
  const saturday = Date.parse('2026-11-21T05:10:30Z');

  it.each([
    ['0 3 * * *', '2026-11-22T03:00:00.000Z'],
    ['11 5 * * *', '2026-11-21T05:11:00.000Z'],
    ['10 5 * * *', '2026-11-22T05:10:00.000Z'],
    ['0 3 * * 1-5', '2026-11-23T03:00:00.000Z'],
    ['0 3 * * 7', '2026-11-22T03:00:00.000Z'],
    ['*/20 6-7 * * *', '2026-11-21T06:00:00.000Z'],
    ['0 0 1 1 *', '2027-01-01T00:00:00.000Z'],
    // restricted both ways: the 25th, or a Monday
    ['0 0 25 * 1', '2026-11-23T00:00:00.000Z'],
    ['0 0 29 2 *', '2028-02-29T00:00:00.000Z'],
  ])('of %s is %s', (cron, at) => {
    expect(nextTime(cron, saturday)?.toISOString()).toBe(at);
  });

  it('of the 30th of February never comes', () => {
    expect(nextTime('0 0 30 2 *', saturday)).toBeUndefined();
  });
});
