import { REVIEW_DECISIONS } from '@housestyle/domain';
import { z } from 'zod';
import { PageQuerySchema, pageOf } from './page.js';

export const MAX_CAPTION_LENGTH = 2000;

export const ReviewDecisionSchema = z.enum(REVIEW_DECISIONS);

/** `pending` until a person decides. */
export const SUGGESTION_STATES = ['pending', ...REVIEW_DECISIONS] as const;
export const SuggestionStateSchema = z.enum(SUGGESTION_STATES);
export type SuggestionState = z.infer<typeof SuggestionStateSchema>;

/** The geometric mean of the tokens' probabilities, 0–1: `exp(score)`, the score being their mean log-probability. */
export const confidenceOf = (score: number): number => Math.min(1, Math.exp(score));

/** One beam's caption. */
export const SuggestedCaptionSchema = z.object({
  text: z.string(),
  score: z.number().describe('mean log-probability per token, ≤ 0'),
  confidence: z.number().min(0).max(1).describe('exp(score)'),
});
export type SuggestedCaption = z.infer<typeof SuggestedCaptionSchema>;

export const ReviewSchema = z
  .object({
    decision: ReviewDecisionSchema,
    text: z
      .string()
      .nullable()
      .describe('the caption that stands: the suggested one, the editor’s, or null when rejected'),
    durationMs: z.number().int().nonnegative().nullable(),
    editor: z.string().nullable().describe('whose decision: the API key’s prefix'),
    reviewedAt: z.iso.datetime(),
  })
  .meta({ id: 'Review' });
export type Review = z.infer<typeof ReviewSchema>;

/** What the model wrote about one asset, and what a person made of it. */
export const SuggestionSchema = z
  .object({
    id: z.guid(),
    asset: z.object({
      id: z.guid(),
      assetId: z.string(),
      version: z.string(),
      previewUrl: z.string().nullable().describe('≤ 512 px WebP, same origin'),
    }),
    state: SuggestionStateSchema,
    caption: z.string().describe('the best hypothesis'),
    score: z.number(),
    confidence: z.number().min(0).max(1).describe('exp(score): the geometric mean of the token probabilities'),
    hypotheses: z.array(SuggestedCaptionSchema).describe('every beam, best first; the first is the caption'),
    baseModel: z.string(),
    mapper: z.object({
      id: z.string().describe('`base`: the base model’s own; else a mapper version of this tenant'),
      name: z.string(),
    }),
    generation: z.string().describe('decode/beams/maxNewTokens/stop'),
    createdAt: z.iso.datetime(),
    review: ReviewSchema.nullable(),
  })
  .meta({ id: 'Suggestion' });
export type Suggestion = z.infer<typeof SuggestionSchema>;

/** `GET /v1/suggestions`, newest first */
export const SuggestionQuerySchema = PageQuerySchema.extend({
  state: z.enum([...SUGGESTION_STATES, 'all']).default('all'),
});
export type SuggestionQuery = z.input<typeof SuggestionQuerySchema>;
export const SuggestionPageSchema = pageOf(SuggestionSchema).meta({ id: 'SuggestionPage' });
export type SuggestionPage = z.infer<typeof SuggestionPageSchema>;

const durationMs = z.number().int().min(0).max(86_400_000).optional().describe('from first sight to decision');

/**
 * `POST /v1/suggestions/{id}/review` → 200 with the suggestion; a second review replaces the first.
 * `corrected` carries the new text, the others none. `DELETE …/review` → 204 takes it back.
 */
export const CreateReviewSchema = z
  .discriminatedUnion('decision', [
    z.strictObject({ decision: z.literal('accepted'), durationMs }),
    z.strictObject({ decision: z.literal('rejected'), durationMs }),
    z.strictObject({
      decision: z.literal('corrected'),
      // one spelling of an accented letter, whichever keyboard it came from: й is one character, as models learn it
      text: z.string().normalize('NFC').trim().min(1).max(MAX_CAPTION_LENGTH),
      durationMs,
    }),
  ])
  .meta({ id: 'CreateReview' });
export type CreateReview = z.input<typeof CreateReviewSchema>;
