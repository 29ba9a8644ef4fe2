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
  })
  .meta({ id: 'ApiKey' });
export type ApiKey = z.infer<typeof ApiKeySchema>;

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
  })
  .meta({ id: 'CreateApiKey' });
export type CreateApiKey = z.input<typeof CreateApiKeySchema>;

/** `POST /v1/api-keys` → 201: the only time the key itself is shown. */
export const CreatedApiKeySchema = ApiKeySchema.extend({ key: z.string() }).meta({ id: 'CreatedApiKey' });
export type CreatedApiKey = z.infer<typeof CreatedApiKeySchema>;
