import type { TenantId } from '@housestyle/domain';
import type pg from 'pg';
import { changeTenant } from './change-tenant.js';

/** What a tenant may ask for, where it differs from the settings; undefined: as the settings say, and no quota. */
export interface TenantLimits {
  readonly requestsPerMinute?: number;
  /** of one API key */
  readonly keyRequestsPerMinute?: number;
  readonly assetsPerDay?: number;
}

/**
 * Sets all of a tenant's limits, as an administrator. A quota that changes begins its day anew: what was waiting gets the
 * first places, from now on, in the order it was to come.
 * @throws DomainError `unknown_tenant`
 */
export async function setTenantLimits(adminUrl: string, tenant: TenantId, limits: TenantLimits): Promise<void> {
  await changeTenant(adminUrl, tenant, async (client) => {
    const before = await quotaOf(client, tenant);
    await client.query(
      `INSERT INTO tenant_limit (tenant_id, requests_per_minute, key_requests_per_minute, assets_per_day)
       VALUES ($1, $2, $3, $4)
       ON CONFLICT (tenant_id) DO UPDATE SET requests_per_minute = excluded.requests_per_minute,
         key_requests_per_minute = excluded.key_requests_per_minute, assets_per_day = excluded.assets_per_day,
         updated_at = now()`,
      [tenant, limits.requestsPerMinute, limits.keyRequestsPerMinute, limits.assetsPerDay],
    );
    if (before !== (limits.assetsPerDay ?? null)) await beginAnew(client, tenant, limits.assetsPerDay);
  });
}

async function quotaOf(client: pg.Client, tenant: TenantId): Promise<number | null> {
  const { rows } = await client.query<{ assets_per_day: number | null }>(
    'SELECT assets_per_day FROM tenant_limit WHERE tenant_id = $1',
    [tenant],
  );
  return rows[0]?.assets_per_day ?? null;
}

async function beginAnew(client: pg.Client, tenant: TenantId, assetsPerDay: number | undefined): Promise<void> {
  // first the row that landings lock
  await client.query('DELETE FROM quota_use WHERE tenant_id = $1', [tenant]);
  const { rowCount } = await client.query(
    `UPDATE asset SET
       next_attempt_at = CASE WHEN days = 0 THEN now() ELSE (today + days)::timestamp AT TIME ZONE 'UTC' END,
       error_code = CASE WHEN days > 0 THEN 'quota_exceeded' END,
       error_message = CASE WHEN days > 0
         THEN format('over the quota of %s assets a day: its turn is on %s', $2::int, today + days) END
     FROM (
       SELECT id, (now() AT TIME ZONE 'UTC')::date AS today,
         coalesce((row_number() OVER (ORDER BY next_attempt_at, received_at, id) - 1)::int / $2::int, 0) AS days
       FROM asset WHERE tenant_id = $1 AND status = 'received' AND error_code = 'quota_exceeded' AND attempts = 0
     ) AS place
     WHERE asset.tenant_id = $1 AND asset.id = place.id`,
    [tenant, assetsPerDay ?? null],
  );
  if (!rowCount || assetsPerDay === undefined) return;
  const last = rowCount - 1;
  await client.query(
    `INSERT INTO quota_use (tenant_id, day, used) VALUES ($1, (now() AT TIME ZONE 'UTC')::date + $2::int, $3)
     ON CONFLICT (tenant_id) DO UPDATE SET day = excluded.day, used = excluded.used`,
    [tenant, Math.floor(last / assetsPerDay), (last % assetsPerDay) + 1],
  );
}
