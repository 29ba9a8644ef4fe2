import { TrainingScheduleSchema } from '@housestyle/contracts';

/** The timetables that have words; any other is `custom`. Times are UTC. */
export type Rhythm = 'daily' | 'weekdays' | 'weekly' | 'custom' | 'never';

export interface Timetable {
  readonly rhythm: Rhythm;
  /** `HH:MM`, UTC */
  readonly time: string;
  /** 0 is Sunday */
  readonly weekday: number;
  readonly cron: string;
}

export const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;

const SIMPLE = /^(\d{1,2}) (\d{1,2}) \* \* (\*|1-5|[0-7])$/;
const DAY_MS = 86_400_000;
const DAYS_AHEAD = 5 * 366;

export function timetableOf(cron: string | null): Timetable {
  const none = { time: '03:00', weekday: 1, cron: cron ?? '0 3 * * *' };
  if (cron === null) return { ...none, rhythm: 'never' };
  const [, minute, hour, days] = SIMPLE.exec(cron) ?? [];
  if (minute === undefined || hour === undefined || days === undefined) return { ...none, rhythm: 'custom' };
  const time = `${hour.padStart(2, '0')}:${minute.padStart(2, '0')}`;
  if (days === '*') return { ...none, time, rhythm: 'daily' };
  if (days === '1-5') return { ...none, time, rhythm: 'weekdays' };
  return { ...none, time, rhythm: 'weekly', weekday: Number(days) % 7 };
}

export function cronOf({ rhythm, time, weekday, cron }: Timetable): string | null {
  const [hour, minute] = time.split(':').map(Number);
  const days = { daily: '*', weekdays: '1-5', weekly: String(weekday) };
  if (rhythm === 'never') return null;
  return rhythm === 'custom' ? cron.trim() : `${minute} ${hour} * * ${days[rhythm]}`;
}

/** “every Monday at 03:00 UTC”. */
export function timetableWords(cron: string): string {
  const { rhythm, time, weekday } = timetableOf(cron);
  const days = { daily: 'every day', weekdays: 'Monday to Friday', weekly: `every ${WEEKDAYS[weekday]}` };
  return rhythm === 'custom' || rhythm === 'never'
    ? `on the timetable ${cron} (UTC)`
    : `${days[rhythm]} at ${time} UTC`;
}

export const isCron = (cron: string): boolean => TrainingScheduleSchema.shape.cron.safeParse(cron).success;

/** When `cron` comes round next after `afterMs`; undefined: not within five years. */
export function nextTime(cron: string, afterMs: number): Date | undefined {
  const [minutes, hours, days, months, weekdays] = cron
    .split(' ')
    .map((field, n) => new Set(field.split(',').flatMap((part) => valuesOf(part, ...RANGES[n]))));
  if (!minutes || !hours || !days || !months || !weekdays) return undefined;
  if (weekdays.has(7)) weekdays.add(0);
  const [, , ofMonth, , ofWeek] = cron.split(' ');
  // as cron has it: restricted both ways, either will do
  const isEither = ofMonth !== '*' && ofWeek !== '*';
  const startOfDay = Math.floor(afterMs / DAY_MS) * DAY_MS;
  for (let n = 0; n < DAYS_AHEAD; n++) {
    const day = new Date(startOfDay + n * DAY_MS);
    const [byMonth, byWeek] = [days.has(day.getUTCDate()), weekdays.has(day.getUTCDay())];
    if (!months.has(day.getUTCMonth() + 1) || !(isEither ? byMonth || byWeek : byMonth && byWeek)) continue;
    for (const hour of ascending(hours))
      for (const minute of ascending(minutes)) {
        const timeMs = day.getTime() + hour * 3_600_000 + minute * 60_000;
        if (timeMs > afterMs) return new Date(timeMs);
      }
  }
  return undefined;
}

const RANGES: readonly (readonly [number, number])[] = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 7],
];

/** `*`, `n`, `a-b`, each with an optional `/step`. */
function valuesOf(part: string, low: number, high: number): number[] {
  const [range = '*', step] = part.split('/');
  const [from, to] = range === '*' ? [low, high] : range.split('-').map(Number);
  const last = to ?? (step === undefined ? from : high);
  const values: number[] = [];
  for (let value = from; value <= last; value += Number(step ?? 1)) values.push(value);
  return values;
}

const ascending = (values: ReadonlySet<number>): number[] => [...values].sort((a, b) => a - b);
