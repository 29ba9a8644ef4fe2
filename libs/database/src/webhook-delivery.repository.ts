import type { TenantId } from '@housestyle/domain';
import type { Database, Transaction } from './database.js';
import { storableText } from './storable-text.js';
import type { WebhookSecrets } from './webhook-secrets.js';

export interface DeliveryClaims {
  /** of all, now */
  readonly limit: number;
  /** of those, to webhooks whose last attempt failed */
  readonly failingLimit: number;
  /** under way at once, to one webhook and for one tenant; to a failing webhook one */
  readonly perWebhook: number;
  readonly perTenant: number;
  readonly leaseMs: number;
}

export interface ClaimedDelivery {
  readonly id: string;
  readonly tenantId: TenantId;
  readonly leaseToken: string;
  readonly isFailing: boolean;
}

/** One attempt to make. */
export interface DueDelivery extends ClaimedDelivery {
  readonly webhookId: string;
  readonly url: string;
  /** the present one first; none: it was sealed under another key */
  readonly secrets: readonly string[];
  /** the same for every attempt; of an event, its CloudEvents id */
  readonly messageId: string;
  readonly createdAt: Date;
  /** this one included */
  readonly attempts: number;
  /** undefined: a test */
  readonly event?: { readonly type: string; readonly payload: unknown };
}

export type DeliveryOutcome =
  | { readonly kind: 'delivered'; readonly statusCode: number }
  | {
      readonly kind: 'failed';
      readonly statusCode?: number;
      readonly error: string;
      /** undefined: it was the last */
      readonly retryInMs?: number;
      /** switches the webhook off at once */
      readonly isGone: boolean;
    };

export interface FailingPolicy {
  /** the first pause; each later one is twice as long, up to the last */
  readonly pauseMs: number;
  readonly maxPauseMs: number;
  readonly disableAfterMs: number;
}

const CLAIM_LOCK = 72707372;
const MAX_ERROR_LENGTH = 500;
const SWEPT_AT_ONCE = 20;

/**
 * The sender's side of webhooks. What is due is found and leased as the queue role, which sees neither addresses nor
 * secrets nor payloads; the attempt is loaded, and its outcome written, as the app role inside the tenant.
 */
export class WebhookDeliveryRepository {
  constructor(
    private readonly database: Database,
    private readonly secrets: WebhookSecrets,
  ) {}

  /**
   * Leases what is due, a webhook's oldest first. Those that answer go before those that do not; no webhook and no
   * tenant gets more than its share, so that one of them that hangs holds few places.
   */
  claim({ limit, failingLimit, perWebhook, perTenant, leaseMs }: DeliveryClaims): Promise<ClaimedDelivery[]> {
    return this.database.acrossTenants(async (rows) => {
      // one claim at a time, or two processes could both fill a webhook's share
      await rows.$executeRaw`SELECT pg_advisory_xact_lock(${CLAIM_LOCK})`;
      const claimed = await rows.$queryRaw<
        { id: string; tenant_id: TenantId; lease_token: string; is_failing: boolean }[]
      >`
        WITH busy AS (
          SELECT tenant_id, webhook_id, count(*)::int AS held FROM webhook_delivery
          WHERE lease_token IS NOT NULL AND leased_until > now() GROUP BY 1, 2
        ), candidate AS (
          SELECT due.id, webhook.failing_since IS NOT NULL AS is_failing, due.place,
            row_number() OVER (PARTITION BY webhook.tenant_id ORDER BY due.place, due.id)
              + coalesce((SELECT sum(held) FROM busy WHERE busy.tenant_id = webhook.tenant_id), 0) AS place_of_tenant,
            row_number() OVER (PARTITION BY webhook.failing_since IS NOT NULL ORDER BY due.place, due.id) AS place_of_kind
          FROM webhook CROSS JOIN LATERAL (
            SELECT id, row_number() OVER () AS place FROM (
              SELECT id FROM webhook_delivery delivery
              WHERE delivery.tenant_id = webhook.tenant_id AND delivery.webhook_id = webhook.id
                AND status = 'pending' AND next_attempt_at <= now()
              ORDER BY next_attempt_at, id
              LIMIT greatest(0, CASE WHEN webhook.failing_since IS NULL THEN ${perWebhook}::int ELSE 1 END - coalesce(
                (SELECT held FROM busy WHERE busy.tenant_id = webhook.tenant_id AND busy.webhook_id = webhook.id), 0))
            ) oldest
          ) due
          WHERE webhook.disabled_at IS NULL AND webhook.paused_until <= now()
        ), chosen AS (
          SELECT id, is_failing FROM candidate
          WHERE place_of_tenant <= ${perTenant}::int AND (NOT is_failing OR place_of_kind <= ${failingLimit}::int)
          ORDER BY is_failing, place, id LIMIT ${limit}::int
        )
        UPDATE webhook_delivery SET attempts = attempts + 1, lease_token = gen_random_uuid(),
          leased_until = now() + ${leaseMs}::float8 * interval '1 millisecond',
          next_attempt_at = now() + ${leaseMs}::float8 * interval '1 millisecond'
        FROM chosen WHERE webhook_delivery.id = chosen.id
        RETURNING webhook_delivery.id, tenant_id, lease_token, is_failing`;
      return claimed.map(({ id, tenant_id: tenantId, lease_token: leaseToken, is_failing: isFailing }) => ({
        id,
        tenantId,
        leaseToken,
        isFailing,
      }));
    });
  }

  /** In how many milliseconds something is due; undefined: nothing waits. */
  async nextDueInMs(): Promise<number | undefined> {
    const [row] = await this.database.acrossTenants(
      (rows) => rows.$queryRaw<{ due_in_ms: number | null }[]>`
      SELECT extract(epoch FROM min(greatest(due.at, webhook.paused_until)) - now())::float8 * 1000 AS due_in_ms
      FROM webhook CROSS JOIN LATERAL (
        SELECT next_attempt_at AS at FROM webhook_delivery delivery
        WHERE delivery.tenant_id = webhook.tenant_id AND delivery.webhook_id = webhook.id AND status = 'pending'
        ORDER BY next_attempt_at LIMIT 1) due
      WHERE webhook.disabled_at IS NULL`,
    );
    return row?.due_in_ms === null || row === undefined ? undefined : Math.max(0, row.due_in_ms);
  }

  /** What is to be sent; without what was deleted or ended meanwhile. */
  async load(tenant: TenantId, claims: readonly ClaimedDelivery[]): Promise<DueDelivery[]> {
    const claimOf = new Map(claims.map((claim) => [claim.id, claim]));
    const rows = await this.database.forTenant(tenant, (tables) =>
      tables.webhookDelivery.findMany({
        where: { tenantId: tenant, id: { in: [...claimOf.keys()] }, status: 'pending' },
        include: { webhook: true, event: { select: { eventId: true, type: true, payload: true, createdAt: true } } },
      }),
    );
    return rows.flatMap((row) => {
      const { webhook, event } = row;
      const claim = claimOf.get(row.id)!;
      if (row.leaseToken !== claim.leaseToken) return [];
      const owner = { tenantId: tenant, webhookId: row.webhookId };
      const isPreviousGood = webhook.previousSecretUntil !== null && webhook.previousSecretUntil > new Date();
      const sealed = [webhook.sealedSecret, isPreviousGood ? webhook.sealedPreviousSecret : null];
      return {
        ...claim,
        webhookId: row.webhookId,
        url: webhook.url,
        secrets: sealed.flatMap((bytes) => (bytes && this.secrets.open(bytes, owner)) ?? []),
        messageId: event?.eventId ?? row.id,
        createdAt: event?.createdAt ?? row.createdAt,
        attempts: row.attempts,
        ...(event && { event: { type: event.type, payload: event.payload } }),
      };
    });
  }

  /** @returns what became of it; undefined when the lease was not ours any more, and nothing was written */
  record(
    { tenantId, webhookId, id, leaseToken }: DueDelivery,
    outcome: DeliveryOutcome,
    policy: FailingPolicy,
  ): Promise<'delivered' | 'pending' | 'failed' | undefined> {
    return this.database.forTenant(tenantId, async (rows) => {
      // the webhook before its deliveries, always: switching it off touches all of them
      await rows.$executeRaw`
        SELECT 1 FROM webhook WHERE tenant_id = ${tenantId}::uuid AND id = ${webhookId}::uuid FOR NO KEY UPDATE`;
      const isDelivered = outcome.kind === 'delivered';
      const retryInMs = isDelivered ? undefined : outcome.retryInMs;
      const status = isDelivered ? 'delivered' : retryInMs === undefined ? 'failed' : 'pending';
      const error = isDelivered ? null : storableText(outcome.error, MAX_ERROR_LENGTH);
      const updated = await rows.$executeRaw`
        UPDATE webhook_delivery SET status = ${status}::webhook_delivery_status,
          ended_at = CASE WHEN ${status} = 'pending' THEN NULL ELSE now() END,
          next_attempt_at = now() + ${retryInMs ?? 0}::float8 * interval '1 millisecond',
          lease_token = NULL, leased_until = NULL, last_attempt_at = now(),
          last_status_code = ${outcome.statusCode ?? null}::int, last_error = ${error}
        WHERE tenant_id = ${tenantId}::uuid AND id = ${id}::uuid
          AND lease_token = ${leaseToken}::uuid AND status = 'pending'`;
      if (updated === 0) return undefined;
      if (isDelivered) await noteSuccess(rows, tenantId, webhookId);
      else await noteFailure(rows, tenantId, webhookId, outcome.isGone, policy);
      await sweep(rows, tenantId, webhookId);
      return status;
    });
  }
}

async function noteSuccess(rows: Transaction, tenant: TenantId, webhookId: string): Promise<void> {
  await rows.$executeRaw`
    UPDATE webhook SET failures = 0, failing_since = NULL, paused_until = now()
    WHERE tenant_id = ${tenant}::uuid AND id = ${webhookId}::uuid AND failing_since IS NOT NULL`;
}

/** Attempts that failed side by side make one pause. */
async function noteFailure(
  rows: Transaction,
  tenant: TenantId,
  webhookId: string,
  isGone: boolean,
  { pauseMs, maxPauseMs, disableAfterMs }: FailingPolicy,
): Promise<void> {
  await rows.$executeRaw`
    UPDATE webhook SET failing_since = coalesce(failing_since, now()), failures = failures + 1,
      paused_until = now() + least(${pauseMs}::float8 * power(2, least(failures, 30)), ${maxPauseMs}::float8)
        * interval '1 millisecond'
    WHERE tenant_id = ${tenant}::uuid AND id = ${webhookId}::uuid AND paused_until <= now()`;
  const reason = isGone
    ? 'its receiver answered 410: it is gone'
    : `every attempt has failed for ${describeTime(disableAfterMs)}`;
  const disabled = await rows.$executeRaw`
    UPDATE webhook SET disabled_at = now(), disabled_reason = ${reason}
    WHERE tenant_id = ${tenant}::uuid AND id = ${webhookId}::uuid AND disabled_at IS NULL
      AND (${isGone} OR failing_since <= now() - ${disableAfterMs}::float8 * interval '1 millisecond')`;
  if (disabled === 0) return;
  await rows.$executeRaw`
    UPDATE webhook_delivery SET status = 'failed', ended_at = now(), lease_token = NULL, leased_until = NULL,
      last_error = 'the webhook was switched off'
    WHERE tenant_id = ${tenant}::uuid AND webhook_id = ${webhookId}::uuid AND status = 'pending'`;
}

async function sweep(rows: Transaction, tenant: TenantId, webhookId: string): Promise<void> {
  await rows.$executeRaw`
    DELETE FROM webhook_delivery WHERE tenant_id = ${tenant}::uuid AND id IN (
      SELECT id FROM webhook_delivery
      WHERE tenant_id = ${tenant}::uuid AND webhook_id = ${webhookId}::uuid
        AND created_at < now() - interval '30 days' AND status <> 'pending'
      ORDER BY created_at LIMIT ${SWEPT_AT_ONCE}::int)`;
}

function describeTime(ms: number): string {
  const hours = ms / 3_600_000;
  return hours >= 1 ? `${Math.round(hours)} h` : `${Math.round(ms / 1000)} s`;
}
