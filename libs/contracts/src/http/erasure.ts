import { z } from 'zod';

/**
 * `POST /v1/erasures`: takes captions out of everything that keeps them, what the model wrote and what people made of
 * it, and out of every later training run. The picture stays. Asked again, the answer is the same.
 */
export const CreateErasureSchema = z
  .union([
    z.strictObject({ suggestionId: z.guid().toLowerCase() }),
    z.strictObject({ assetId: z.guid().toLowerCase().describe('our id of the asset: all its captions') }),
    z.strictObject({ everything: z.literal(true).describe('every caption of the tenant') }),
  ])
  .meta({ id: 'CreateErasure' });
export type CreateErasure = z.input<typeof CreateErasureSchema>;

/** `POST /v1/erasures` → 200 */
export const ErasureSchema = z
  .object({
    captions: z.number().int().nonnegative().describe('captions that are gone'),
    mappers: z
      .array(
        z.object({
          id: z.guid(),
          name: z.string(),
          isChampion: z.boolean(),
          isDirect: z.boolean().describe('false: only through the version it started from'),
        }),
      )
      .describe('mapper versions that were trained on any of them; promote another or train anew to be rid of them'),
    cancelledRunId: z.guid().nullable().describe('a run that was learning from one of them; it is told to end'),
  })
  .meta({ id: 'Erasure' });
export type Erasure = z.infer<typeof ErasureSchema>;
