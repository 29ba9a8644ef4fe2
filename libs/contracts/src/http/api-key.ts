import { z } from 'zod';

/**
 * What a key allows besides reading, which every key may: `upload` lands assets, `review` decides on
 * suggestions, `admin` makes and revokes keys, governs learning (runs, timetable, which mapper writes) and erases.
 * None implies another.
 */
export const API_KEY_SCOPES = ['upload', 'review', 'admin'] as const;
export const ApiKeyScopeSchema = z.enum(API_KEY_SCOPES);
export type ApiKeyScope = z.infer<typeof ApiKeyScopeSchema>;

/** A key as it is remembered: everything but the key. */
export const ApiKeySchema = z
  .object({
    id: z.guid(),
    name: z.string(),
    prefix: z.string().describe('the readable middle of `hs_<prefix>_<random>`'),
    scopes: z.array(ApiKeyScopeSchema),
    createdAt: z.iso.datetime(),
    lastUsedAt: z.iso.datetime().nullable().describe('to the minute'),
    revokedAt: z.iso.datetime().nullable(),
    expiresAt: z.iso
      .datetime()
      .nullable()
      .describe('from then on it opens nothing; null: it lasts until it is revoked'),
  })
  .meta({ id: 'ApiKey' });
export type ApiKey = z.infer<typeof ApiKeySchema>;

const DAY_SECONDS = 24 * 3_600;

/** `GET /v1/api-keys` → 200 */
export const ApiKeyListSchema = z.object({ items: z.array(ApiKeySchema) }).meta({ id: 'ApiKeyList' });
export type ApiKeyList = z.infer<typeof ApiKeyListSchema>;

/** `POST /v1/api-keys` */
export const CreateApiKeySchema = z
  .strictObject({
    name: z
      .string()
      .trim()
      .min(1)
      .max(100)
      .regex(/^\P{Cc}*$/u, 'no control characters'),
    scopes: z.array(ApiKeyScopeSchema).max(API_KEY_SCOPES.length).default(['upload', 'review']),
    expiresInSeconds: z
      .int()
      .min(60)
      .max(3_650 * DAY_SECONDS)
      .optional()
      .describe('absent: it lasts until it is revoked'),
  })
  .meta({ id: 'CreateApiKey' });
export type CreateApiKey = z.input<typeof CreateApiKeySchema>;

/** `POST /v1/api-keys` → 201: the only time the key itself is shown. */
export const CreatedApiKeySchema = ApiKeySchema.extend({ key: z.string() }).meta({ id: 'CreatedApiKey' });
export type CreatedApiKey = z.infer<typeof CreatedApiKeySchema>;

/** `POST /v1/api-keys/{id}/rotate` */
export const RotateApiKeySchema = z
  .strictObject({
    graceSeconds: z
      .int()
      .min(0)
      .max(90 * DAY_SECONDS)
      .default(7 * DAY_SECONDS)
      .describe('how long the old key goes on, unless it is revoked before; its own end may be nearer'),
  })
  .meta({ id: 'RotateApiKey' });
export type RotateApiKey = z.input<typeof RotateApiKeySchema>;
