import { TRAINING_STATUSES, TRAINING_TRIGGERS } from '@housestyle/domain';
import { z } from 'zod';
import { pageOf } from './page.js';

const count = z.number().int().nonnegative();
/** not a number (a loss that diverged) travels as null */
const figure = z.number().nullable();

/** One side's figures on captions that were not trained on. */
export const CaptionFiguresSchema = z
  .looseObject({
    editDistance: figure.describe('mean Levenshtein distance to the accepted text / longer length; lower is better'),
    cider: figure,
    exactMatch: figure.describe('share equal to the accepted text'),
    contentShare: figure.describe('share of what the pictures show that the captions say'),
    distinctRatio: figure.describe('distinct captions of all'),
    meanLength: figure.describe('tokens'),
    stoppedShare: figure.describe('share that end by themselves'),
  })
  .partial()
  .meta({ id: 'CaptionFigures' });
export type CaptionFigures = z.infer<typeof CaptionFiguresSchema>;

/** Champion and candidate side by side, as the gate saw them; an imported mapper has none. */
export const GateFiguresSchema = z
  .looseObject({
    nHoldOut: count,
    isCrossValidated: z.boolean().describe('measured by k-fold over all captions, for want of a hold-out'),
    champion: CaptionFiguresSchema,
    candidate: CaptionFiguresSchema,
    candidateOnLearned: CaptionFiguresSchema.describe(
      'measured by k-fold: the candidate itself on the captions it has learned, for `candidate` is of its folds',
    ),
    bootstrapP: figure.describe('how likely the candidate is no better'),
    contentP: figure.describe('how likely it says no more; absent where the base’s own mapper is the champion'),
  })
  .partial()
  .meta({ id: 'GateFigures' });
export type GateFigures = z.infer<typeof GateFiguresSchema>;

const NamedMapperSchema = z.object({ id: z.guid(), name: z.string() });

export const TrainingStatusSchema = z.enum(TRAINING_STATUSES);

/** One attempt at a better mapper. */
export const TrainingRunSchema = z
  .object({
    id: z.guid(),
    status: TrainingStatusSchema.describe('requested → running → promoted, refused, failed or cancelled'),
    trigger: z.enum(TRAINING_TRIGGERS),
    requestedBy: z.string().nullable().describe('the API key’s prefix, when a person asked'),
    requestedAt: z.iso.datetime(),
    startedAt: z.iso.datetime().nullable(),
    finishedAt: z.iso.datetime().nullable(),
    isCancelRequested: z.boolean(),
    counts: z.object({
      training: count.describe('captions trained on'),
      corrected: count.describe('of these, written by a person'),
      holdOut: count.describe('captions kept apart for judging'),
    }),
    progress: z
      .object({ stage: z.string(), step: count, steps: count, loss: figure })
      .nullable()
      .describe('while it runs'),
    reason: z.string().nullable().describe('why it was promoted, refused, failed or cancelled'),
    figures: GateFiguresSchema.nullable(),
    trainableParameters: count.nullable(),
    seconds: z.number().nullable(),
    championBefore: NamedMapperSchema.nullable().describe('null: the base model’s own mapper'),
    mapper: NamedMapperSchema.nullable().describe('what it made, if that was promoted'),
  })
  .meta({ id: 'TrainingRun' });
export type TrainingRun = z.infer<typeof TrainingRunSchema>;

/** `GET /v1/training-runs/{id}` → 200 */
export const TrainingRunDetailSchema = TrainingRunSchema.extend({
  curve: z.array(z.object({ step: count, loss: figure })),
  examples: z
    .array(
      z.object({
        suggestionId: z.guid(),
        previewUrl: z.string().nullable().describe('of the picture; null: none is kept'),
        reference: z.string().describe('what a person wrote or let stand'),
        before: z.string().describe('the champion’s caption'),
        after: z.string().describe('the candidate’s'),
      }),
    )
    .describe('held-out captions'),
}).meta({ id: 'TrainingRunDetail' });
export type TrainingRunDetail = z.infer<typeof TrainingRunDetailSchema>;

/** `GET /v1/training-runs`, newest first */
export const TrainingRunPageSchema = pageOf(TrainingRunSchema).meta({ id: 'TrainingRunPage' });
export type TrainingRunPage = z.infer<typeof TrainingRunPageSchema>;
