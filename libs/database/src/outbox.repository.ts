import type { OutgoingEventType } from '@housestyle/contracts';
import type { TenantId } from '@housestyle/domain';
import type { Database } from './database.js';
import { storableText } from './storable-text.js';

/** An outbox row's id: a 64-bit number. It orders a tenant's events; `eventId` is the one the world sees. */
export type OutboxId = bigint;

export interface ClaimedEvents {
  readonly tenantId: TenantId;
  /** in the order to publish */
  readonly ids: readonly OutboxId[];
}

export interface PendingEvent {
  readonly id: OutboxId;
  /** the CloudEvents id: the same on every redelivery */
  readonly eventId: string;
  readonly type: OutgoingEventType;
  readonly key: string;
  readonly payload: unknown;
  readonly createdAt: Date;
  /** this attempt included */
  readonly attempts: number;
}

const CLAIM_LOCK = 72707371;
const MAX_ERROR_LENGTH = 2000;

/**
 * The relay's side of the outbox. Claiming and marking are the queue role's, which cannot read a payload;
 * payloads are read as the app role, tenant by tenant.
 */
export class OutboxRepository {
  constructor(private readonly database: Database) {}

  /**
   * Claims up to `limit` due events for `leaseMs`. Events of one key come in order: one that waits for its
   * retry, or is claimed elsewhere, holds back those behind it.
   */
  claim(limit: number, leaseMs: number): Promise<ClaimedEvents[]> {
    return this.database.acrossTenants(async (rows) => {
      // one claim at a time, or two relays could split a key's events between them
      await rows.$executeRaw`SELECT pg_advisory_xact_lock(${CLAIM_LOCK})`;
      const claimed = await rows.$queryRaw<{ id: OutboxId; tenant_id: TenantId }[]>`
        WITH due AS (
          SELECT id FROM outbox event
          WHERE published_at IS NULL AND next_attempt_at <= now() AND NOT EXISTS (
            SELECT FROM outbox earlier
            WHERE earlier.tenant_id = event.tenant_id AND earlier.key = event.key AND earlier.id < event.id
              AND earlier.published_at IS NULL AND earlier.next_attempt_at > now())
          ORDER BY id LIMIT ${limit}::int
        )
        UPDATE outbox SET attempts = attempts + 1,
          leased_until = now() + ${leaseMs}::float8 * interval '1 millisecond',
          next_attempt_at = now() + ${leaseMs}::float8 * interval '1 millisecond'
        FROM due WHERE outbox.id = due.id
        RETURNING outbox.id, tenant_id`;
      return groupByTenant(claimed);
    });
  }

  /** In the order to publish. */
  async load(tenant: TenantId, ids: readonly OutboxId[]): Promise<PendingEvent[]> {
    const rows = await this.database.forTenant(tenant, (tables) =>
      tables.outboxEvent.findMany({
        where: { tenantId: tenant, id: { in: [...ids] }, publishedAt: null },
        orderBy: { id: 'asc' },
      }),
    );
    return rows.map(({ id, eventId, type, key, payload, createdAt, attempts }) => ({
      id,
      eventId,
      // written by appendToOutbox, and by nobody else
      type: type as OutgoingEventType,
      key,
      payload,
      createdAt,
      attempts,
    }));
  }

  async markPublished(ids: readonly OutboxId[]): Promise<void> {
    await this.database.acrossTenants(
      (rows) => rows.$executeRaw`
      UPDATE outbox SET published_at = now(), leased_until = NULL, last_error = NULL
      WHERE id = ANY(${ids.map(String)}::bigint[]) AND published_at IS NULL`,
    );
  }

  async markFailed(ids: readonly OutboxId[], error: string, nextAttemptAt: Date): Promise<void> {
    await this.database.acrossTenants(
      (rows) => rows.$executeRaw`
      UPDATE outbox SET leased_until = NULL, next_attempt_at = ${nextAttemptAt},
        last_error = ${storableText(error, MAX_ERROR_LENGTH)}
      WHERE id = ANY(${ids.map(String)}::bigint[]) AND published_at IS NULL`,
    );
  }

  /** How many events wait to be published, and for how long the oldest has, in milliseconds. */
  async backlog(): Promise<{ readonly count: number; readonly oldestMs: number }> {
    const [row] = await this.database.acrossTenants(
      (rows) => rows.$queryRaw<{ count: number; oldest_ms: number }[]>`
      SELECT count(*)::int AS count,
        coalesce(extract(epoch FROM now() - min(next_attempt_at)) * 1000, 0)::float8 AS oldest_ms
      FROM outbox WHERE published_at IS NULL`,
    );
    return { count: row?.count ?? 0, oldestMs: Math.max(0, row?.oldest_ms ?? 0) };
  }
}

function groupByTenant(rows: readonly { id: OutboxId; tenant_id: TenantId }[]): ClaimedEvents[] {
  const groups = new Map<TenantId, OutboxId[]>();
  const ordered = [...rows].sort((a, b) => (a.id < b.id ? -1 : 1));
  for (const { id, tenant_id: tenantId } of ordered) groups.set(tenantId, [...(groups.get(tenantId) ?? []), id]);
  return [...groups].map(([tenantId, ids]) => ({ tenantId, ids }));
}
