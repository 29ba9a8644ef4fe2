import { z } from 'zod';
import { ApiKeyScopeSchema } from './api-key.js';

/**
 * The page's way in. `POST /v1/session` turns an API key into a cookie (HttpOnly, SameSite=Strict, path /v1), so
 * that its pictures and its event stream need no secret that a script could read. Every other client sends
 * `Authorization: Bearer <key>`.
 *
 * A cookie travels by itself, so a write (anything but GET) that is authenticated by it must also carry
 * `X-Housestyle-Request` with any value: a form cannot set it, and another origin's script may not.
 */
export const SESSION_COOKIE = 'housestyle_session';
export const REQUEST_HEADER = 'X-Housestyle-Request';

/** `POST /v1/session` */
export const CreateSessionSchema = z
  .strictObject({ apiKey: z.string().trim().min(1).max(200) })
  .meta({ id: 'CreateSession' });
export type CreateSession = z.input<typeof CreateSessionSchema>;

const count = z.number().int().nonnegative();

/** `GET /v1/session` and `POST /v1/session` → 200: whose key this is, and how things stand. */
export const SessionSchema = z
  .object({
    tenant: z.object({ id: z.guid(), name: z.string() }),
    scopes: z.array(ApiKeyScopeSchema),
    baseModel: z.string().describe('name of the base model that captions this tenant’s pictures'),
    counts: z.object({
      assets: z.object({ received: count, captioned: count, failed: count }),
      suggestions: z.object({ pending: count, accepted: count, corrected: count, rejected: count }),
    }),
  })
  .meta({ id: 'Session' });
export type Session = z.infer<typeof SessionSchema>;
