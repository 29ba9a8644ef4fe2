import type { ClaimedDelivery, DueDelivery, FailingPolicy, WebhookDeliveryRepository } from '@housestyle/database';
import type { TenantId } from '@housestyle/domain';
import type { Logger } from '@housestyle/telemetry';
import type { PipelineMetrics } from '../pipeline-metrics.js';
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
const MAX_PAUSE_MS = 30_000;

/**
 * Sends what is due to webhooks for as long as it runs. At least once: an attempt whose process dies is made again when
 * its lease ends, with the same `webhook-id`. Nothing is ordered.
 */
export class WebhookDeliveryService {
  private readonly signal = new WakeSignal();
  private readonly underWay = new Map<string, ClaimedDelivery>();
  private running: Promise<void> | undefined;
  private isStopping = false;

  constructor(
    private readonly deliveries: WebhookDeliveryRepository,
    private readonly sender: WebhookSender,
    private readonly options: { readonly limits: DeliveryLimits; readonly failing: FailingPolicy },
    private readonly metrics: PipelineMetrics,
    private readonly logger: Logger,
  ) {}

  /** There is something to send. */
  readonly wake = this.signal.wake;

  start(): void {
    this.running = this.run();
  }

  /** Begins no attempt any more, and waits for those under way. */
  async stop(): Promise<void> {
    this.isStopping = true;
    this.signal.wake();
    await this.running;
    while (this.underWay.size > 0) await this.signal.wait(POLL_MS);
  }

  private async run(): Promise<void> {
    let failures = 0;
    while (!this.isStopping) {
      try {
        const claimed = await this.claim();
        failures = 0;
        if (claimed === 0) await this.rest();
      } catch (error) {
        failures += 1;
        this.logger.warn({ err: error, failures }, 'webhooks could not be looked for; trying again');
        await this.signal.wait(Math.min(500 * 2 ** failures, MAX_PAUSE_MS));
      }
    }
  }

  /** Woken by an event, and by every attempt that ends. */
  private async rest(): Promise<void> {
    const isFull = this.underWay.size >= this.options.limits.maxAtOnce;
    const dueInMs = isFull ? undefined : await this.deliveries.nextDueInMs();
    // what is due and was not claimed waits for a place: its turn comes with a wake-up
    const pauseMs = dueInMs === undefined || dueInMs <= 0 ? POLL_MS : dueInMs + CLOCK_SLACK_MS;
    if (!this.isStopping) await this.signal.wait(Math.min(pauseMs, POLL_MS));
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
      if (this.isStopping && outcome.kind === 'failed') return;
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
    if (ids.length > 0) this.signal.wake();
  }
}

function byTenant(claims: readonly ClaimedDelivery[]): Map<TenantId, ClaimedDelivery[]> {
  const groups = new Map<TenantId, ClaimedDelivery[]>();
  for (const claim of claims) groups.set(claim.tenantId, [...(groups.get(claim.tenantId) ?? []), claim]);
  return groups;
}
