import { LandingRepository, LeaseRepository, setTenantLimits } from '@housestyle/database';
import type { TenantId, Upload } from '@housestyle/domain';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';

let test: TestDatabase;
let landing: LandingRepository;

beforeAll(async () => {
  test = await createTestDatabase();
  landing = new LandingRepository(test.database);
});
afterAll(() => test.drop());

async function limited(assetsPerDay: number): Promise<TenantId> {
  const tenant = await test.provision();
  await setTenantLimits(test.adminUrl, tenant, { assetsPerDay });
  return tenant;
}

const uploads = (tenantId: TenantId, count: number, prefix = 'a'): Upload[] =>
  Array.from({ length: count }, (_, n) => ({
    tenantId,
    assetId: `${prefix}/${String(n).padStart(4, '0')}`,
    version: '1',
    uri: 'https://pictures.example/a.jpg',
  }));

/** How many assets come due on each day from today on, and how many of them say that they wait. */
async function plan(tenant: TenantId): Promise<{ perDay: number[]; waiting: number }> {
  const rows = await test.query<{ ahead: number; count: number; waiting: number }>(
    `SELECT (next_attempt_at AT TIME ZONE 'UTC')::date - (now() AT TIME ZONE 'UTC')::date AS ahead, count(*)::int,
       count(*) FILTER (WHERE error_code = 'quota_exceeded' AND status = 'received')::int AS waiting
     FROM asset WHERE tenant_id = $1 GROUP BY 1 ORDER BY 1`,
    [tenant],
  );
  expect(rows.map(({ ahead }) => ahead)).toEqual(rows.map((_, index) => index));
  return { perDay: rows.map(({ count }) => count), waiting: rows.reduce((sum, row) => sum + row.waiting, 0) };
}

describe('a quota of assets a day', () => {
  it('lets what is over it wait for the next days with a place, in the order it came', async () => {
    const tenant = await limited(4);
    const { landed } = await landing.land(uploads(tenant, 10));
    expect(landed.filter(({ isWaiting }) => isWaiting)).toHaveLength(6);
    expect(await plan(tenant)).toEqual({ perDay: [4, 4, 2], waiting: 6 });
    await landing.land(uploads(tenant, 3, 'b'));
    expect(await plan(tenant)).toEqual({ perDay: [4, 4, 4, 1], waiting: 9 });
    const last = `SELECT asset_id, error_message FROM asset WHERE tenant_id = $1 ORDER BY next_attempt_at DESC LIMIT 1`;
    const [row] = await test.query<{ asset_id: string; error_message: string }>(last, [tenant]);
    expect(row!.asset_id).toBe('b/0002');
    expect(row!.error_message).toMatch(/^over the quota of 4 assets a day: its turn is on \d{4}-\d\d-\d\d$/);
  });

  it('counts an asset once, however often and however it is announced', async () => {
    const tenant = await limited(5);
    const five = uploads(tenant, 5);
    for (let round = 0; round < 3; round++) await landing.land([...five, ...five]);
    expect(await plan(tenant)).toEqual({ perDay: [5], waiting: 0 });
    expect((await landing.land([...five, ...uploads(tenant, 1, 'b')])).duplicates).toBe(5);
    expect(await plan(tenant)).toEqual({ perDay: [5, 1], waiting: 1 });
  });

  it('is kept exactly by many landings at once, each with rows of several tenants', async () => {
    const tenants = [await limited(100), await limited(37), await test.provision()];
    const all = tenants.flatMap((tenant) => uploads(tenant, 400));
    const batches = Array.from({ length: 40 }, (_, n) => all.filter((_, index) => index % 40 === n));
    // each batch twice, as after a rebalance
    await Promise.all([...batches, ...batches].map((batch) => landing.land(batch)));
    expect(await plan(tenants[0]!)).toEqual({ perDay: [100, 100, 100, 100], waiting: 300 });
    const { perDay } = await plan(tenants[1]!);
    expect(perDay.slice(0, -1).every((count) => count === 37)).toBe(true);
    expect(perDay.reduce((sum, count) => sum + count)).toBe(400);
    expect(await plan(tenants[2]!)).toEqual({ perDay: [400], waiting: 0 });
  });

  it('leases what is within it alone, of this tenant and nobody else', async () => {
    const [tenant, other] = [await limited(2), await test.provision()];
    await landing.land([...uploads(tenant, 6), ...uploads(other, 6)]);
    const leases = await new LeaseRepository(test.database).lease(10_000, 60_000, 'a test');
    expect(leases.filter(({ tenantId }) => tenantId === tenant)).toHaveLength(2);
    expect(leases.filter(({ tenantId }) => tenantId === other)).toHaveLength(6);
  });

  it('refuses the whole call when told to, says when to come again, and lands nothing', async () => {
    const tenant = await limited(3);
    await landing.land(uploads(tenant, 2), { overQuota: 'refuse' });
    const more = landing.land(uploads(tenant, 2, 'b'), { overQuota: 'refuse' });
    await expect(more).rejects.toMatchObject({
      code: 'quota_exceeded',
      retryAfterSeconds: expect.closeTo(secondsOfTheDayLeft(), -2) as number,
    });
    expect(await plan(tenant)).toEqual({ perDay: [2], waiting: 0 });
    await landing.land([...uploads(tenant, 2), ...uploads(tenant, 1, 'b')], { overQuota: 'refuse' });
    expect(await plan(tenant)).toEqual({ perDay: [3], waiting: 0 });
  });

  it('begins anew with the day', async () => {
    const tenant = await limited(2);
    await landing.land(uploads(tenant, 2));
    await test.query('UPDATE quota_use SET day = day - 1 WHERE tenant_id = $1', [tenant]);
    await landing.land(uploads(tenant, 2, 'b'), { overQuota: 'refuse' });
    expect(await plan(tenant)).toEqual({ perDay: [4], waiting: 0 });
  });

  it('gives what waits the first places when it is raised, and all of it when it is lifted', async () => {
    const tenant = await limited(1);
    await landing.land(uploads(tenant, 8));
    expect(await plan(tenant)).toEqual({ perDay: [1, 1, 1, 1, 1, 1, 1, 1], waiting: 7 });
    await setTenantLimits(test.adminUrl, tenant, { assetsPerDay: 5 });
    expect(await plan(tenant)).toEqual({ perDay: [6, 2], waiting: 2 });
    await landing.land(uploads(tenant, 4, 'b'));
    expect(await plan(tenant)).toEqual({ perDay: [6, 5, 1], waiting: 6 });
    await setTenantLimits(test.adminUrl, tenant, {});
    expect(await plan(tenant)).toEqual({ perDay: [12], waiting: 0 });
    await expect(
      setTenantLimits(test.adminUrl, '00000000-0000-4000-8000-000000000000' as TenantId, {}),
    ).rejects.toMatchObject({ code: 'unknown_tenant' });
  });
});

const secondsOfTheDayLeft = (): number => 86_400 - (Math.floor(Date.now() / 1000) % 86_400);
