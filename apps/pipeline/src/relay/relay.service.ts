import type { OutboxRepository } from '@housestyle/database';
import type { OutboxRelay } from '@housestyle/messaging';
import type { Logger } from '@housestyle/telemetry';
import type { PipelineMetrics } from '../pipeline-metrics.js';
import { PollingLoop } from '../polling-loop.js';

const POLL_MS = 5_000;
/** after a round that was not full, so that a stream of single events does not cost a round each */
const GATHER_MS = 100;
const BACKOFF = { firstBackoffMs: 1_000, maxBackoffMs: 30_000 };

/**
 * Publishes the outbox for as long as it runs. Without Kafka it is not run at all and the events stay where they are:
 * a broker that is configured later gets them, in order.
 */
export class RelayService {
  private readonly loop = new PollingLoop(() => this.round(), {
    ...BACKOFF,
    onFailure: (error, failures) =>
      this.logger.warn({ err: error, failures }, 'events could not be published; they stay in the outbox'),
  });
  /** of `performance.now` */
  private gatherUntil = -Infinity;

  constructor(
    private readonly relay: OutboxRelay,
    private readonly outbox: Pick<OutboxRepository, 'backlog'>,
    private readonly metrics: PipelineMetrics,
    private readonly logger: Logger,
  ) {}

  readonly wake = this.loop.wake;
  readonly retry = this.loop.retry;

  start(): void {
    this.loop.start();
  }

  /** Ends after the batch that is on its way. */
  stop(): Promise<void> {
    return this.loop.stop();
  }

  private async round(): Promise<number> {
    // a wake-up says only that there is another event
    const gatherMs = this.gatherUntil - performance.now();
    if (gatherMs > 0) return gatherMs;
    const published = await this.relay.relayOnce();
    this.metrics.published.inc(published);
    if (published === 0) {
      this.metrics.outbox.set((await this.outbox.backlog()).count);
      return POLL_MS;
    }
    if (!this.relay.isBehind) this.gatherUntil = performance.now() + GATHER_MS;
    return 0;
  }
}
