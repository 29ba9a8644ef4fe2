import type { OutboxRepository } from '@housestyle/database';
import type { OutboxRelay } from '@housestyle/messaging';
import type { Logger } from '@housestyle/telemetry';
import type { PipelineMetrics } from '../pipeline-metrics.js';
import { WakeSignal } from '../wake-signal.js';

const POLL_MS = 5_000;
/** after a round that was not full, so that a stream of single events does not cost a round each */
const GATHER_MS = 100;
const MAX_PAUSE_MS = 30_000;

/**
 * Publishes the outbox for as long as it runs. Without Kafka it is not run at all and the events stay where they are:
 * a broker that is configured later gets them, in order.
 */
export class RelayService {
  private readonly signal = new WakeSignal();
  private running: Promise<void> | undefined;
  private isStopping = false;

  constructor(
    private readonly relay: OutboxRelay,
    private readonly outbox: Pick<OutboxRepository, 'backlog'>,
    private readonly metrics: PipelineMetrics,
    private readonly logger: Logger,
  ) {}

  readonly wake = this.signal.wake;

  start(): void {
    this.running = this.run();
  }

  /** Ends after the batch that is on its way. */
  async stop(): Promise<void> {
    this.isStopping = true;
    this.signal.wake();
    await this.running;
  }

  private async run(): Promise<void> {
    let failures = 0;
    while (!this.isStopping) {
      try {
        const published = await this.relay.relayOnce();
        this.metrics.published.inc(published);
        failures = 0;
        if (published > 0) {
          if (!this.relay.isBehind) await this.pause(GATHER_MS);
          continue;
        }
        this.metrics.outbox.set((await this.outbox.backlog()).count);
        await this.signal.wait(POLL_MS);
      } catch (error) {
        failures += 1;
        this.logger.warn({ err: error, failures }, 'events could not be published; they stay in the outbox');
        await this.pause(Math.min(500 * 2 ** failures, MAX_PAUSE_MS));
      }
    }
  }

  /** A wake-up says only that there is another event: nothing but stopping ends the pause. */
  private async pause(ms: number): Promise<void> {
    const end = Date.now() + ms;
    while (!this.isStopping && Date.now() < end) await this.signal.wait(end - Date.now());
  }
}
