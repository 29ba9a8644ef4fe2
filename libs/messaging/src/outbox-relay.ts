import { toCloudEventMessage } from './cloud-event.js';
import type { EventSink } from './event-sink.js';

/** An event that a transaction left behind, to be published. */
export interface OutboxEvent {
  /** rises with time */
  readonly id: bigint;
  readonly eventId: string;
  readonly type: string;
  readonly key: string;
  readonly createdAt: Date;
  readonly payload: unknown;
  /** this one included */
  readonly attempts: number;
}

/** The outbox table, as the relay needs it. */
export interface OutboxPort {
  /**
   * Takes up to `limit` due events for `leaseMs`, oldest first; while they are leased nobody else gets them, and
   * afterwards they are due again. Never an event whose key has an older one that somebody else holds.
   */
  claim(limit: number, leaseMs: number): Promise<readonly OutboxEvent[]>;
  markPublished(events: readonly OutboxEvent[]): Promise<void>;
  /** Gives them back, to be tried again after a pause. */
  release(events: readonly OutboxEvent[], reason: string): Promise<void>;
}

export interface RelayOptions {
  readonly batchSize: number;
  readonly leaseMs: number;
}

/**
 * Moves events from the outbox to the sink. One that was published but not marked, because the process died in
 * between, is published again with the same CloudEvents id. Every refusal halves the next batch: an event that is always
 * refused (its topic is missing, say) soon waits alone instead of taking its neighbours along for ever.
 */
export class OutboxRelay {
  private batchSize = Infinity;
  private isLastFull = false;

  constructor(
    private readonly outbox: OutboxPort,
    private readonly sink: EventSink,
    private readonly options: RelayOptions = { batchSize: 200, leaseMs: 60_000 },
  ) {}

  /** The last batch was as large as it may be: there is probably more. */
  get isBehind(): boolean {
    return this.isLastFull;
  }

  /** One batch; the number of events published, 0 when none is due. Rejects when the sink or the table does. */
  async relayOnce(): Promise<number> {
    const limit = Math.min(this.batchSize, this.options.batchSize);
    this.isLastFull = false;
    const events = await this.outbox.claim(limit, this.options.leaseMs);
    if (events.length === 0) return 0;
    const inOrder = [...events].sort((a, b) => (a.id < b.id ? -1 : 1));
    try {
      await this.sink.publish(
        inOrder.map((event) =>
          toCloudEventMessage({
            id: event.eventId,
            type: event.type,
            key: event.key,
            time: event.createdAt,
            data: event.payload,
          }),
        ),
      );
    } catch (error) {
      this.batchSize = Math.ceil(events.length / 2);
      await this.outbox.release(events, error instanceof Error ? error.message : String(error));
      throw error;
    }
    this.batchSize *= 2;
    await this.outbox.markPublished(events);
    this.isLastFull = events.length === limit;
    return events.length;
  }
}
