import type { OutboxRepository } from '@housestyle/database';
import { backoffMs } from '@housestyle/domain';
import type { OutboxEvent, OutboxPort } from '@housestyle/messaging';

/** An event is rarely at fault by itself: it waits for a broker, and should not for long once that is back. */
const MAX_PAUSE_MS = 60_000;

/** The relay's port over the outbox table: claimed as the queue role, which sees no payload; loaded tenant by tenant. */
export class OutboxAdapter implements OutboxPort {
  constructor(private readonly outbox: OutboxRepository) {}

  async claim(limit: number, leaseMs: number): Promise<readonly OutboxEvent[]> {
    const claims = await this.outbox.claim(limit, leaseMs);
    return (await Promise.all(claims.map(({ tenantId, ids }) => this.outbox.load(tenantId, ids)))).flat();
  }

  markPublished(events: readonly OutboxEvent[]): Promise<void> {
    return this.outbox.markPublished(events.map(({ id }) => id));
  }

  release(events: readonly OutboxEvent[], reason: string): Promise<void> {
    const attempts = Math.max(1, ...events.map((event) => event.attempts));
    const nextAttemptAt = new Date(Date.now() + Math.min(backoffMs(attempts), MAX_PAUSE_MS));
    return this.outbox.markFailed(
      events.map(({ id }) => id),
      reason,
      nextAttemptAt,
    );
  }
}
