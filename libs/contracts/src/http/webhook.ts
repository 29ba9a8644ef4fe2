import { z } from 'zod';
import { OUTGOING_EVENT_SCHEMAS, type OutgoingEventType } from '../events/outgoing-events.js';
import { pageOf } from './page.js';

export const WEBHOOK_EVENT_TYPES = Object.keys(OUTGOING_EVENT_SCHEMAS) as [OutgoingEventType, ...OutgoingEventType[]];

/** What a test sends; never asked for, never on Kafka. */
export const WEBHOOK_TEST_TYPE = 'housestyle.webhook.test.v1';

const EventTypesSchema = z.array(z.enum(WEBHOOK_EVENT_TYPES));

export const WebhookSchema = z
  .object({
    id: z.guid(),
    url: z.string(),
    eventTypes: EventTypesSchema,
    createdAt: z.iso.datetime(),
    failingSince: z.iso.datetime().nullable().describe('every attempt since has failed'),
    disabledAt: z.iso.datetime().nullable().describe('since then nothing is sent; `enable` ends it'),
    disabledReason: z.string().nullable(),
  })
  .meta({ id: 'Webhook' });
export type Webhook = z.infer<typeof WebhookSchema>;

/** `GET /v1/webhooks` → 200 */
export const WebhookListSchema = z.object({ items: z.array(WebhookSchema) }).meta({ id: 'WebhookList' });
export type WebhookList = z.infer<typeof WebhookListSchema>;

/** `POST /v1/webhooks` */
export const CreateWebhookSchema = z
  .strictObject({
    url: z
      .url({ protocol: /^https?$/ })
      .max(2048)
      .refine(hasNoCredentials, 'no user name, password or fragment')
      .describe('https:; http: only where the installation allows private addresses'),
    eventTypes: EventTypesSchema.min(1).max(WEBHOOK_EVENT_TYPES.length).default(WEBHOOK_EVENT_TYPES),
  })
  .meta({ id: 'CreateWebhook' });
export type CreateWebhook = z.input<typeof CreateWebhookSchema>;

/** `POST /v1/webhooks` → 201, and of a rotation: the only times the secret is shown. */
export const WebhookWithSecretSchema = WebhookSchema.extend({
  secret: z.string().describe('`whsec_…`; what the receiver verifies signatures with'),
}).meta({ id: 'WebhookWithSecret' });
export type WebhookWithSecret = z.infer<typeof WebhookWithSecretSchema>;

/** One event on its way to one webhook. */
export const WebhookDeliverySchema = z
  .object({
    id: z.guid(),
    messageId: z.guid().describe('`webhook-id` of every attempt, and the CloudEvents id on Kafka'),
    type: z.string().describe(`the event’s; of a test ${WEBHOOK_TEST_TYPE}`),
    status: z.enum(['pending', 'delivered', 'failed']),
    attempts: z.number().int().nonnegative().describe('begun so far'),
    lastStatusCode: z.number().int().nullable().describe('what the receiver answered to the last attempt'),
    lastError: z.string().nullable().describe('why the last attempt failed; nothing that the receiver said is kept'),
    createdAt: z.iso.datetime(),
    lastAttemptAt: z.iso.datetime().nullable(),
    nextAttemptAt: z.iso.datetime().nullable().describe('while it is pending: not before then'),
  })
  .meta({ id: 'WebhookDelivery' });
export type WebhookDelivery = z.infer<typeof WebhookDeliverySchema>;

/** `GET /v1/webhooks/{id}/deliveries`, newest first */
export const WebhookDeliveryPageSchema = pageOf(WebhookDeliverySchema).meta({ id: 'WebhookDeliveryPage' });
export type WebhookDeliveryPage = z.infer<typeof WebhookDeliveryPageSchema>;

/** The body that a receiver gets, as Standard Webhooks lays it out; `data` is the event's as on Kafka. */
export const WebhookMessageSchema = z.object({
  type: z.string(),
  timestamp: z.iso.datetime().describe('of the event'),
  data: z.record(z.string(), z.unknown()),
});
export type WebhookMessage = z.infer<typeof WebhookMessageSchema>;

function hasNoCredentials(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { username, password, hash } = new URL(text);
  return username === '' && password === '' && hash === '';
}
