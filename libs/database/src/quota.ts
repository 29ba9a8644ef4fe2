import { LimitError, type TenantId, type Upload } from '@housestyle/domain';
import type { Transaction } from './database.js';

/** Where the quota of a tenant stands, its row locked: the places from `day` on, `used` of that day being taken. */
export interface OpenQuota {
  readonly tenant_id: TenantId;
  readonly assets_per_day: number;
  /** `2026-11-21`, in UTC; never before `today` */
  readonly day: string;
  readonly today: string;
  readonly used: number;
}

/**
 * Locks what counts these tenants' assets until the transaction ends, so that however many land at once, each place is
 * taken once. Tenants without a quota, which is most, cost one look into a small table.
 */
export async function openQuotas(rows: Transaction, tenants: readonly TenantId[]): Promise<OpenQuota[]> {
  const limited = await rows.$queryRaw<{ tenant_id: TenantId; assets_per_day: number }[]>`
    SELECT tenant_id, assets_per_day FROM tenant_limit
    WHERE tenant_id = ANY(${[...tenants]}::uuid[]) AND assets_per_day IS NOT NULL`;
  if (limited.length === 0) return [];
  const perDay = new Map(limited.map((row) => [row.tenant_id, row.assets_per_day]));
  // ordered, so that two landings never wait for each other
  const places = await rows.$queryRaw<Omit<OpenQuota, 'assets_per_day'>[]>`
    WITH today AS (SELECT (now() AT TIME ZONE 'UTC')::date AS today)
    INSERT INTO quota_use (tenant_id, day, used)
    SELECT tenant_id, today, 0 FROM unnest(${[...perDay.keys()].sort()}::uuid[]) AS tenant_id, today ORDER BY tenant_id
    ON CONFLICT (tenant_id) DO UPDATE SET
      used = CASE WHEN quota_use.day < excluded.day THEN 0 ELSE quota_use.used END,
      day = greatest(quota_use.day, excluded.day)
    RETURNING tenant_id, day::text, used, (now() AT TIME ZONE 'UTC')::date::text AS today`;
  return places.map((place) => ({ ...place, assets_per_day: perDay.get(place.tenant_id)! }));
}

/** Moves on past the places that were taken. */
export async function countUse(
  rows: Transaction,
  quotas: readonly OpenQuota[],
  landed: readonly Upload[],
): Promise<void> {
  for (const { tenant_id, assets_per_day, used } of quotas) {
    const count = landed.filter(({ tenantId }) => tenantId === tenant_id).length;
    if (count === 0) continue;
    const last = used + count - 1;
    await rows.$executeRaw`
      UPDATE quota_use SET day = day + ${Math.floor(last / assets_per_day)}::int,
        used = ${(last % assets_per_day) + 1}::int
      WHERE tenant_id = ${tenant_id}::uuid`;
  }
}

/** @throws LimitError `quota_exceeded` when anything has to wait; it may come again when the first place is free */
export function refuseToWait(dueAt: readonly (Date | null)[]): void {
  const waits = dueAt.filter((due) => due !== null).map((due) => due.getTime());
  if (waits.length === 0) return;
  const seconds = Math.max(1, Math.ceil((Math.min(...waits) - Date.now()) / 1000));
  throw new LimitError('quota_exceeded', 'the tenant’s quota of assets a day does not leave enough places', seconds);
}
