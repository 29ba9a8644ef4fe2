import { ERROR_CODES, REVIEW_DECISIONS, type ErrorCode } from '@housestyle/domain';
import { z } from 'zod';
import { EVENT_TYPES, type EventType } from './event-types.js';

/** Which asset an event is about. */
const asset = {
  tenantId: z.guid(),
  assetId: z.string(),
  version: z.string(),
};

/** `housestyle.caption.suggested.v1`: the model captioned a picture. */
export const CaptionSuggestedSchema = z
  .object({
    ...asset,
    suggestionId: z.guid(),
    caption: z.string(),
    score: z.number().describe('mean log-probability per token, ≤ 0'),
    alternatives: z.array(z.object({ caption: z.string(), score: z.number() })).describe('the other beams, best first'),
    baseModel: z.string(),
    mapperId: z.string().describe('`base`, or the id of the mapper version that wrote it'),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'CaptionSuggested' });
export type CaptionSuggested = z.infer<typeof CaptionSuggestedSchema>;

/** `housestyle.caption.reviewed.v1`: a person decided about a suggestion, again, or took the decision back. */
export const CaptionReviewedSchema = z
  .object({
    ...asset,
    suggestionId: z.guid(),
    reviewId: z.guid(),
    decision: z.enum([...REVIEW_DECISIONS, 'withdrawn']).describe('`withdrawn`: the decision was taken back'),
    caption: z.string().nullable().describe('the text that stands after the review; null when rejected or withdrawn'),
    revision: z.number().int().positive().describe('raised by every later decision on the same suggestion'),
    reviewedAt: z.iso.datetime(),
  })
  .meta({ id: 'CaptionReviewed' });
export type CaptionReviewed = z.infer<typeof CaptionReviewedSchema>;

/** `housestyle.mapper.promoted.v1`: another mapper writes the tenant’s captions from now on. */
export const MapperPromotedSchema = z
  .object({
    tenantId: z.guid(),
    mapperVersionId: z.guid().nullable().describe('null: the base model’s own mapper'),
    reason: z.string(),
    promotedAt: z.iso.datetime(),
  })
  .meta({ id: 'MapperPromoted' });
export type MapperPromoted = z.infer<typeof MapperPromotedSchema>;

/** `housestyle.asset.failed.v1`: the picture will not be captioned, and why. */
export const AssetFailedSchema = z
  .object({
    ...asset,
    code: z.enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]]),
    message: z.string(),
    failedAt: z.iso.datetime(),
  })
  .meta({ id: 'AssetFailed' });
export type AssetFailed = z.infer<typeof AssetFailedSchema>;

/** The data of every event this product publishes, by type. */
export const OUTGOING_EVENT_SCHEMAS = {
  [EVENT_TYPES.captionSuggested]: CaptionSuggestedSchema,
  [EVENT_TYPES.captionReviewed]: CaptionReviewedSchema,
  [EVENT_TYPES.mapperPromoted]: MapperPromotedSchema,
  [EVENT_TYPES.assetFailed]: AssetFailedSchema,
} as const satisfies Partial<Record<EventType, z.ZodType>>;

export type OutgoingEventType = keyof typeof OUTGOING_EVENT_SCHEMAS;
