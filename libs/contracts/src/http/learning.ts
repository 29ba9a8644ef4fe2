import { LEAST_PICTURES, PROMOTION_KINDS, READINESS_STATES } from '@housestyle/domain';
import { z } from 'zod';
import { TrainingRunSchema } from './training-run.js';

const count = z.number().int().nonnegative();

/** Whether there are enough reviewed captions to learn from. */
export const ReadinessSchema = z
  .object({
    state: z.enum(READINESS_STATES).describe('cold: no caption yet; warming: too few; ready'),
    pictures: count.describe('distinct ones with an accepted or corrected caption'),
    missing: count.describe('pictures still missing until it is ready'),
    accepted: count,
    corrected: count,
    editors: count,
    heldOut: count.describe('pictures kept apart for judging, never trained on'),
    newReviews: count.describe(
      'accepted or corrected since the last run that was not cut short; if there are any, the timetable starts a run',
    ),
    reviewsSinceLastRun: count.describe(
      'accepted or corrected since the last run, also one that failed or was cancelled; the schedule’s `newReviews` of them start a run',
    ),
  })
  .meta({ id: 'Readiness' });
export type Readiness = z.infer<typeof ReadinessSchema>;

/** Five fields, `*`, numbers, lists, ranges and steps: minute, hour, day of the month, month, day of the week. */
const CRON_FIELD = String.raw`(?:\*|\d{1,2}(?:-\d{1,2})?)(?:/\d{1,2})?(?:,(?:\*|\d{1,2}(?:-\d{1,2})?)(?:/\d{1,2})?)*`;
const CRON = new RegExp(`^${CRON_FIELD}(?: ${CRON_FIELD}){4}$`);
const CRON_RANGES = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 7],
] as const;

const isCron = (cron: string): boolean =>
  CRON.test(cron) &&
  cron.split(' ').every((field, n) => {
    const [low, high] = CRON_RANGES[n]!;
    return field.split(',').every((part) => {
      const [range = '', step] = part.split('/');
      const bounds = range === '*' ? [] : range.split('-').map(Number);
      const isOrdered = bounds.length < 2 || bounds[0]! <= bounds[1]!;
      return isOrdered && bounds.every((value) => value >= low && value <= high) && (!step || Number(step) > 0);
    });
  });

/** When a tenant’s mapper is trained without anybody asking. `PUT /v1/learning/schedule` takes and answers with it. */
export const TrainingScheduleSchema = z
  .strictObject({
    isEnabled: z.boolean().describe('false: only on demand'),
    cron: z
      .string()
      .trim()
      .max(100)
      .refine(isCron, 'expected five fields of numbers in range, *, -, / and ,')
      .nullable()
      .describe('five fields, UTC; a run starts then if there are new reviews; null: no timetable'),
    newReviews: z
      .number()
      .int()
      .min(1)
      .max(100_000)
      .nullable()
      .describe('reviews since the last run that start the next at once; null: none'),
    minimumSamples: z
      .number()
      .int()
      .min(LEAST_PICTURES, `expected ${LEAST_PICTURES} or more: from fewer pictures nothing is promoted`)
      .max(100_000)
      .describe('reviewed pictures below which nothing is trained'),
  })
  .meta({ id: 'TrainingSchedule' });
export type TrainingSchedule = z.infer<typeof TrainingScheduleSchema>;

const quality = {
  reviews: count,
  acceptRate: z.number().min(0).max(1).nullable().describe('accepted of all decisions'),
  editDistance: z
    .number()
    .min(0)
    .max(1)
    .nullable()
    .describe('mean over accepted (0) and corrected captions: Levenshtein / longer length'),
};

/** How captions fared with the people who reviewed them: over time, by day, and by the mapper that wrote them. */
export const LearningCurveSchema = z
  .object({
    groups: z
      .array(z.object({ from: z.iso.datetime(), to: z.iso.datetime(), ...quality }))
      .describe('consecutive reviews, oldest first, at most 40 groups, of 10 or more if there are as many'),
    promotions: z
      .array(
        z.object({
          mapperId: z.guid().nullable().describe('null: the base model’s own'),
          name: z.string(),
          kind: z.enum(PROMOTION_KINDS),
          promotedAt: z.iso.datetime(),
          reviewsBefore: count.describe('of the reviews above, those made before it'),
        }),
      )
      .describe('oldest first: from then on this mapper wrote'),
    days: z.array(z.object({ date: z.iso.date(), ...quality })).describe('oldest first; days without reviews left out'),
    mappers: z
      .array(
        z.object({ mapperId: z.string().describe('`base`, or a mapper version’s id'), name: z.string(), ...quality }),
      )
      .describe('in the order of their first review'),
  })
  .meta({ id: 'LearningCurve' });
export type LearningCurve = z.infer<typeof LearningCurveSchema>;

/** `GET /v1/learning` → 200 */
export const LearningSchema = z
  .object({
    readiness: ReadinessSchema,
    schedule: TrainingScheduleSchema,
    activeRun: TrainingRunSchema.nullable(),
    lastRun: TrainingRunSchema.nullable().describe('the latest that has ended'),
    champion: z.object({ id: z.guid(), name: z.string() }).nullable().describe('null: the base model’s own mapper'),
    curve: LearningCurveSchema,
  })
  .meta({ id: 'Learning' });
export type Learning = z.infer<typeof LearningSchema>;
