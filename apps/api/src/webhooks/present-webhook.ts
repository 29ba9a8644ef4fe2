import { WEBHOOK_EVENT_TYPES, WEBHOOK_TEST_TYPE, type Webhook, type WebhookDelivery } from '@housestyle/contracts';
import type { WebhookDeliveryView, WebhookView } from '@housestyle/database';

export const presentWebhook = (webhook: WebhookView): Webhook => ({
  id: webhook.id,
  url: webhook.url,
  eventTypes: WEBHOOK_EVENT_TYPES.filter((type) => webhook.eventTypes.includes(type)),
  createdAt: webhook.createdAt.toISOString(),
  failingSince: webhook.failingSince?.toISOString() ?? null,
  disabledAt: webhook.disabled?.at.toISOString() ?? null,
  disabledReason: webhook.disabled?.reason ?? null,
});

export const presentDelivery = (delivery: WebhookDeliveryView): WebhookDelivery => ({
  id: delivery.id,
  messageId: delivery.messageId,
  type: delivery.type ?? WEBHOOK_TEST_TYPE,
  status: delivery.status,
  attempts: delivery.attempts,
  lastStatusCode: delivery.lastStatusCode ?? null,
  lastError: delivery.lastError ?? null,
  createdAt: delivery.createdAt.toISOString(),
  lastAttemptAt: delivery.lastAttemptAt?.toISOString() ?? null,
  nextAttemptAt: delivery.nextAttemptAt?.toISOString() ?? null,
});
