import { WEBHOOK_TEST_TYPE, type WebhookMessage } from '@housestyle/contracts';
import type { DeliveryOutcome, DueDelivery } from '@housestyle/database';
import { toDomainError } from '@housestyle/domain';
import type { GuardedPoster } from '@housestyle/imaging';
import { Webhook } from 'standardwebhooks';
import { retryInMs, type RetryPolicy } from './webhook-retries.js';

const GONE = 410;

/** Makes one attempt: signs, posts, and says what came of it. */
export class WebhookSender {
  constructor(
    private readonly poster: Pick<GuardedPoster, 'post'>,
    private readonly retries: RetryPolicy,
  ) {}

  /** Never rejects. Only 2xx is success: a redirect is not followed. */
  async send(delivery: DueDelivery): Promise<DeliveryOutcome> {
    if (delivery.secrets.length === 0) {
      return this.failure(delivery, 'its secret was kept under another WEBHOOK_SECRET_KEY: rotate it');
    }
    try {
      const body = JSON.stringify(messageOf(delivery));
      const statusCode = await this.poster.post(delivery.url, body, signedHeaders(delivery, body, new Date()));
      if (statusCode >= 200 && statusCode < 300) return { kind: 'delivered', statusCode };
      return this.failure(delivery, `the receiver answered ${statusCode}`, statusCode);
    } catch (error) {
      const { code, message, title } = toDomainError(error);
      return this.failure(delivery, `${code}: ${code === 'internal' ? title : message}`);
    }
  }

  private failure({ attempts }: DueDelivery, error: string, statusCode?: number): DeliveryOutcome {
    const isGone = statusCode === GONE;
    const pauseMs = isGone ? undefined : retryInMs(attempts, this.retries);
    return {
      kind: 'failed',
      error,
      isGone,
      ...(statusCode !== undefined && { statusCode }),
      ...(pauseMs !== undefined && { retryInMs: pauseMs }),
    };
  }
}

function messageOf({ event, createdAt, tenantId, webhookId }: DueDelivery): WebhookMessage {
  return {
    type: event?.type ?? WEBHOOK_TEST_TYPE,
    timestamp: createdAt.toISOString(),
    data: (event?.payload as Record<string, unknown> | undefined) ?? { tenantId, webhookId },
  };
}

/** https://www.standardwebhooks.com: the timestamp is this attempt's, so that a receiver can refuse what is old. */
function signedHeaders({ messageId, secrets }: DueDelivery, body: string, now: Date): Record<string, string> {
  return {
    'content-type': 'application/json',
    'user-agent': 'housestyle-webhooks',
    'webhook-id': messageId,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
    'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(messageId, now, body)).join(' '),
  };
}
