import { BASE_MAPPER_ID, PROMOTION_KINDS } from '@housestyle/domain';
import { z } from 'zod';
import { GateFiguresSchema } from './training-run.js';

/** Why a mapper writes the tenant’s captions. */
export const PromotionSchema = z
  .object({
    mapperId: z.guid().nullable().describe('null: the base model’s own'),
    kind: z.enum(PROMOTION_KINDS),
    reason: z.string(),
    promotedBy: z.string().nullable().describe('the API key’s prefix, when a person did it'),
    promotedAt: z.iso.datetime(),
  })
  .meta({ id: 'Promotion' });
export type Promotion = z.infer<typeof PromotionSchema>;

/** A tenant's own weights; the base's own mapper is not listed. */
export const MapperVersionSchema = z
  .object({
    id: z.guid(),
    name: z.string(),
    baseModel: z.string(),
    kind: z.enum(['delta', 'mlp', 'transformer', 'linear']),
    sha256: z.string(),
    isChampion: z.boolean().describe('this one writes the tenant’s captions now'),
    createdAt: z.iso.datetime(),
    promotedAt: z.iso.datetime().nullable(),
    promotion: PromotionSchema.nullable().describe('the latest of this version'),
    trainingRunId: z.guid().nullable().describe('the run that made it; null: imported'),
    figures: GateFiguresSchema.describe('as the gate saw them'),
  })
  .meta({ id: 'MapperVersion' });
export type MapperVersion = z.infer<typeof MapperVersionSchema>;

/**
 * `GET /v1/mappers` → 200, newest first. No champion: the base model's own mapper writes. `POST /v1/mappers/{id}/promote`
 * and `POST /v1/mappers/rollback` answer with it too.
 */
export const MapperListSchema = z
  .object({
    championId: z.guid().nullable(),
    latestPromotion: PromotionSchema.nullable(),
    rollbackTo: z
      .object({ mapperId: z.guid().nullable().describe('null: the base model’s own'), name: z.string() })
      .nullable()
      .describe('what a rollback would lead to; null: there is nothing before the champion'),
    items: z.array(MapperVersionSchema),
  })
  .meta({ id: 'MapperList' });
export type MapperList = z.infer<typeof MapperListSchema>;

/** The `{id}` of a promotion: a mapper version's, or `base` for the base model's own. */
export const PromotableIdSchema = z.union([
  z.literal(BASE_MAPPER_ID),
  z.guid('expected a UUID or "base"').toLowerCase(),
]);

/** `POST /v1/mappers/{id}/promote` and `POST /v1/mappers/rollback` */
export const PromoteMapperSchema = z
  .strictObject({
    reason: z.string().trim().min(1).max(500).optional().describe('kept with the promotion, and in its event'),
    expectedChampionId: z
      .guid()
      .toLowerCase()
      .nullable()
      .optional()
      .describe(
        'what this replaces, `null`: the base model’s own; when another is champion by then, 409 and no change',
      ),
  })
  .meta({ id: 'PromoteMapper' });
export type PromoteMapper = z.input<typeof PromoteMapperSchema>;
