import type { ClaimedDelivery, DueDelivery, FailingPolicy, WebhookDeliveryRepository } from '@housestyle/database';
import type { TenantId } from '@housestyle/domain';
import type { Logger } from '@housestyle/telemetry';
import { byTenant } from '../by-tenant.js';
import type { PipelineMetrics } from '../pipeline-metrics.js';
import { PollingLoop } from '../polling-loop.js';
import { WakeSignal } from '../wake-signal.js';
import type { WebhookSender } from './webhook-sender.js';

export interface DeliveryLimits {
  /** attempts under way in this process */
  readonly maxAtOnce: number;
  /** of these, to webhooks whose last attempt failed: what hangs leaves the rest their places */
  readonly maxFailing: number;
  readonly perWebhook: number;
  readonly perTenant: number;
  /** longer than an attempt may take */
  readonly leaseMs: number;
}

const POLL_MS = 5_000;
/** a due time is the database's: its clock and ours may differ a little */
const CLOCK_SLACK_MS = 20;
const BACKOFF = { firstBackoffMs: 1_000, maxBackoffMs: 30_000 };

/**
 * Sends what is due to webhooks for as long as it runs. At least once: an attempt whose process dies is made again when
 * its lease ends, with the same `webhook-id`. Nothing is ordered.
 */
export class WebhookDeliveryService {
  private readonly loop = new PollingLoop(() => this.round(), {
    ...BACKOFF,
    onFailure: (error, failures) =>
      this.logger.warn({ err: error, failures }, 'webhooks could not be looked for; trying again'),
  });
  private readonly underWay = new Map<string, ClaimedDelivery>();
  /** Woken by every attempt that ends. */
  private readonly ended = new WakeSignal();

  constructor(
    private readonly deliveries: WebhookDeliveryRepository,
    private readonly sender: WebhookSender,
    private readonly options: { readonly limits: DeliveryLimits; readonly failing: FailingPolicy },
    private readonly metrics: PipelineMetrics,
    private readonly logger: Logger,
  ) {}

  /** There is something to send. */
  readonly wake = this.loop.wake;
  /** The database is back. */
  readonly retry = this.loop.retry;

  start(): void {
    this.loop.start();
  }

  /** Begins no attempt any more, and waits for those under way. */
  async stop(): Promise<void> {
    await this.loop.stop();
    while (this.underWay.size > 0) await this.ended.wait(POLL_MS);
  }

  private async round(): Promise<number> {
    if ((await this.claim()) > 0) return 0;
    // woken by an event, and by every attempt that ends
    if (this.underWay.size >= this.options.limits.maxAtOnce) return POLL_MS;
    const dueInMs = await this.deliveries.nextDueInMs();
    // what is due and was not claimed waits for a place: its turn comes with a wake-up
    if (dueInMs === undefined || dueInMs <= 0) return POLL_MS;
    return Math.min(dueInMs + CLOCK_SLACK_MS, POLL_MS);
  }

  private async claim(): Promise<number> {
    const { maxAtOnce, maxFailing, ...shares } = this.options.limits;
    const limit = maxAtOnce - this.underWay.size;
    if (limit <= 0) return 0;
    const failing = [...this.underWay.values()].filter(({ isFailing }) => isFailing).length;
    const failingLimit = Math.max(0, maxFailing - failing);
    const claims = await this.deliveries.claim({ limit, failingLimit, ...shares });
    for (const claim of claims) this.underWay.set(claim.id, claim);
    for (const [tenant, group] of byTenant(claims)) void this.attempt(tenant, group);
    return claims.length;
  }

  /** Never rejects: what is not written is done again when its lease has ended. */
  private async attempt(tenant: TenantId, claims: readonly ClaimedDelivery[]): Promise<void> {
    const missing = new Set(claims.map(({ id }) => id));
    try {
      const due = await this.deliveries.load(tenant, claims);
      for (const delivery of due) {
        missing.delete(delivery.id);
        void this.deliver(delivery);
      }
    } catch (error) {
      this.logger.warn({ err: error, tenant }, 'webhooks could not be read; they are due again when their lease ends');
    }
    this.end([...missing]);
  }

  private async deliver(delivery: DueDelivery): Promise<void> {
    try {
      const outcome = await this.sender.send(delivery);
      // cut off by our own end, which is no fault of the receiver's
      if (this.loop.isStopping && outcome.kind === 'failed') return;
      const status = await this.deliveries.record(delivery, outcome, this.options.failing);
      if (status) this.metrics.webhooks.inc({ outcome: status === 'pending' ? 'retried' : status });
    } catch (error) {
      this.logger.warn({ err: error }, 'a webhook’s outcome was not written; it is sent again when its lease ends');
    } finally {
      this.end([delivery.id]);
    }
  }

  private end(ids: readonly string[]): void {
    for (const id of ids) this.underWay.delete(id);
    if (ids.length === 0) return;
    this.loop.wake();
    this.ended.wake();
  }
}
