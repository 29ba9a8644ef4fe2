import { WebhookDeliveryRepository, WebhookSecrets, type Database } from '@housestyle/database';
import { GuardedPoster } from '@housestyle/imaging';
import type { PipelineSettings } from '@housestyle/settings';
import type { Logger } from '@housestyle/telemetry';
import { outboundRules } from '../picture-sources.js';
import type { PipelineMetrics } from '../pipeline-metrics.js';
import { WebhookDeliveryService } from './webhook-delivery.service.js';
import { WebhookSender } from './webhook-sender.js';

const MAX_AT_ONCE = 32;
const MAX_FAILING = 16;
const PER_WEBHOOK = 4;
const PER_TENANT = 8;
/** beyond the attempt itself: for reading it and writing its outcome */
const LEASE_SLACK_MS = 20_000;
/** longest pause of a failing webhook: so late it is noticed that it answers again */
const MAX_FAILING_PAUSE_MS = 300_000;

export interface Webhooks {
  readonly service: WebhookDeliveryService;
  /** Cuts off what is under way. */
  close(): Promise<void>;
}

/** The sender of webhooks, under the rules that pictures are fetched by; plain http: only where these are off. */
export function openWebhooks(
  settings: PipelineSettings,
  database: Database,
  metrics: PipelineMetrics,
  logger: Logger,
): Webhooks {
  const { WEBHOOK_TIMEOUT_MS: timeoutMs, WEBHOOK_RETRY_MS: pauseMs } = settings;
  const poster = new GuardedPoster({
    ...outboundRules(settings),
    allowedSchemes: settings.ALLOW_PRIVATE_ADDRESSES ? ['https', 'http'] : ['https'],
    timeoutMs,
  });
  const secrets = WebhookSecrets.of(settings.WEBHOOK_SECRET_KEY, database.urls.appUrl);
  const service = new WebhookDeliveryService(
    new WebhookDeliveryRepository(database, secrets),
    new WebhookSender(poster, { pauseMs, maxAttempts: settings.WEBHOOK_MAX_ATTEMPTS }),
    {
      limits: {
        maxAtOnce: MAX_AT_ONCE,
        maxFailing: MAX_FAILING,
        perWebhook: PER_WEBHOOK,
        perTenant: PER_TENANT,
        leaseMs: timeoutMs + LEASE_SLACK_MS,
      },
      failing: {
        pauseMs,
        maxPauseMs: MAX_FAILING_PAUSE_MS,
        disableAfterMs: settings.WEBHOOK_DISABLE_AFTER_MS,
      },
    },
    metrics,
    logger,
  );
  return { service, close: () => poster.close() };
}
