import { randomUUID } from 'node:crypto';
import { MAX_ATTEMPTS, type TenantId } from '@housestyle/domain';
import type { AssetRowId, Lease, LeasedAsset } from './asset-row.js';
import type { Database } from './database.js';

interface LeasedRow {
  readonly id: AssetRowId;
  readonly tenant_id: TenantId;
  readonly lease_token: string;
  readonly attempts: number;
  readonly base_model: string;
}

/** Any number other than the migration's; taken for the length of one short transaction. */
const LEASE_LOCK = 72707370;

/** How many more assets of each tenant a worker may take. */
export interface TenantAllowances {
  readonly byTenant: ReadonlyMap<TenantId, number>;
  /** of a tenant that is not in the map */
  readonly ofOthers: number;
}

/** The queue: which received assets this worker may work on, and for how long. */
export class LeaseRepository {
  constructor(private readonly database: Database) {}

  /**
   * Leases up to `limit` due assets, in turns between the tenants that have any: nobody's backlog keeps
   * another waiting. Counts the attempt now, so that a worker that dies of an asset has used one up.
   * @param batch a UUID for this call, which `releaseBatches` knows it by should its answer never come
   */
  lease(
    limit: number,
    leaseMs: number,
    workerId: string,
    { byTenant, ofOthers }: TenantAllowances = { byTenant: new Map(), ofOthers: limit },
    batch: string = randomUUID(),
  ): Promise<LeasedAsset[]> {
    return this.database.acrossTenants(async (rows) => {
      // one lease at a time: two workers looking at once would pick the same rows and share them out short
      await rows.$executeRaw`SELECT pg_advisory_xact_lock(${LEASE_LOCK})`;
      const leased = await rows.$queryRaw<LeasedRow[]>`
        WITH due AS (
          SELECT a.id, a.turn, t.base_model
          FROM tenant t
          LEFT JOIN unnest(${[...byTenant.keys()]}::uuid[], ${[...byTenant.values()]}::int[]) AS allowed(tenant_id, places)
            ON allowed.tenant_id = t.id
          CROSS JOIN LATERAL (
            SELECT id, row_number() OVER (ORDER BY next_attempt_at, id) AS turn
            FROM (
              SELECT id, next_attempt_at FROM asset
              WHERE tenant_id = t.id AND status = 'received' AND next_attempt_at <= now()
              ORDER BY next_attempt_at, id LIMIT least(${limit}::int, coalesce(allowed.places, ${ofOthers}::int))
            ) AS oldest
          ) AS a
          -- within a turn by lot: with more tenants than places, an old backlog must not always win
          ORDER BY a.turn, random() LIMIT ${limit}::int
        ), taken AS (
          SELECT asset.id, due.turn, due.base_model FROM asset JOIN due USING (id)
          WHERE status = 'received' AND next_attempt_at <= now()
          FOR UPDATE OF asset SKIP LOCKED
        ), leased AS (
          UPDATE asset SET
            attempts = attempts + 1, lease_token = md5(${batch}::text || asset.id)::uuid, leased_by = ${workerId},
            leased_until = now() + ${leaseMs}::float8 * interval '1 millisecond',
            next_attempt_at = now() + ${leaseMs}::float8 * interval '1 millisecond'
          FROM taken WHERE asset.id = taken.id
          RETURNING asset.id, tenant_id, lease_token, attempts, base_model, turn
        )
        SELECT id, tenant_id, lease_token, attempts, base_model FROM leased ORDER BY turn`;
      return leased.map(toLeasedAsset);
    });
  }

  /** Extends leases that are still this worker's. Returns the ids of those that are. */
  async renew(leases: readonly Lease[], leaseMs: number): Promise<AssetRowId[]> {
    const kept = await this.database.acrossTenants(
      (rows) => rows.$queryRaw<{ id: AssetRowId }[]>`
      UPDATE asset SET
        leased_until = now() + ${leaseMs}::float8 * interval '1 millisecond',
        next_attempt_at = now() + ${leaseMs}::float8 * interval '1 millisecond'
      FROM unnest(${ids(leases)}::uuid[], ${tokens(leases)}::uuid[]) AS lease(id, token)
      WHERE asset.id = lease.id AND lease_token = lease.token AND status = 'received'
      RETURNING asset.id`,
    );
    return kept.map(({ id }) => id);
  }

  /** Gives leases back unworked (a worker that drains): due at once, the attempt not counted. */
  async release(leases: readonly Lease[]): Promise<void> {
    await this.database.acrossTenants(
      (rows) => rows.$executeRaw`
      UPDATE asset SET
        attempts = attempts - 1, lease_token = NULL, leased_until = NULL, leased_by = NULL, next_attempt_at = now()
      FROM unnest(${ids(leases)}::uuid[], ${tokens(leases)}::uuid[]) AS lease(id, token)
      WHERE asset.id = lease.id AND lease_token = lease.token AND status = 'received'`,
    );
  }

  /** The same for whatever calls of `lease` took that failed: they may have been committed, and nobody knows of what. */
  async releaseBatches(batches: readonly string[]): Promise<void> {
    await this.database.acrossTenants(
      (rows) => rows.$executeRaw`
      UPDATE asset SET
        attempts = attempts - 1, lease_token = NULL, leased_until = NULL, leased_by = NULL, next_attempt_at = now()
      FROM unnest(${[...batches]}::text[]) AS batch
      WHERE lease_token = md5(batch || asset.id)::uuid AND status = 'received'`,
    );
  }

  /**
   * Milliseconds until some asset is due (0: now), or undefined when none waits: how long a worker may sleep.
   * The assets of `except` do not count.
   */
  async msUntilDue(except: readonly TenantId[] = []): Promise<number | undefined> {
    const [row] = await this.database.acrossTenants(
      (rows) => rows.$queryRaw<{ wait_ms: number | null }[]>`
      SELECT extract(epoch FROM min(head.next_attempt_at) - now())::float8 * 1000 AS wait_ms
      FROM tenant t CROSS JOIN LATERAL (
        SELECT next_attempt_at FROM asset WHERE tenant_id = t.id AND status = 'received'
        ORDER BY next_attempt_at LIMIT 1
      ) AS head
      WHERE t.id <> ALL(${[...except]}::uuid[])`,
    );
    return typeof row?.wait_ms === 'number' ? Math.max(0, Math.ceil(row.wait_ms)) : undefined;
  }
}

const ids = (leases: readonly Lease[]): string[] => leases.map(({ assetRowId }) => assetRowId);
const tokens = (leases: readonly Lease[]): string[] => leases.map(({ leaseToken }) => leaseToken);

const toLeasedAsset = (row: LeasedRow): LeasedAsset => ({
  assetRowId: row.id,
  tenantId: row.tenant_id,
  leaseToken: row.lease_token,
  attempts: row.attempts,
  isExhausted: row.attempts > MAX_ATTEMPTS,
  baseModel: row.base_model,
});
