import { randomUUID } from 'node:crypto';
import { LandingRepository, LeaseRepository, type LeasedAsset } from '@housestyle/database';
import { MAX_ATTEMPTS, type TenantId } from '@housestyle/domain';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { waitFor } from '../support/wait-for.js';

let test: TestDatabase;
let leases: LeaseRepository;

beforeEach(async () => {
  test = await createTestDatabase();
  leases = new LeaseRepository(test.database);
});
afterEach(() => test.drop());

async function land(tenant: TenantId, count: number): Promise<void> {
  const uploads = Array.from({ length: count }, (_, i) => ({
    tenantId: tenant,
    assetId: `${i}`,
    version: '1',
    uri: 'x:',
  }));
  await new LandingRepository(test.database).land(uploads);
}

/** Every due lease becomes an expired one, as if its worker had died long ago. */
const expireAll = () =>
  test.query(`UPDATE asset SET next_attempt_at = now() - interval '1 s', leased_until = now() - interval '1 s'`);

const ids = (leased: readonly LeasedAsset[]): string[] => leased.map(({ assetRowId }) => assetRowId);

describe('leases', () => {
  it('never gives one asset to two workers, and gives out all of them', async () => {
    const tenants = await Promise.all([test.provision(), test.provision(), test.provision()]);
    await Promise.all(tenants.map((tenant) => land(tenant, 200)));
    const work = async (worker: string): Promise<string[]> => {
      const seen: string[] = [];
      for (;;) {
        const batch = await leases.lease(16, 60_000, worker);
        if (batch.length === 0) return seen;
        seen.push(...ids(batch));
      }
    };
    const all = (await Promise.all(['a', 'b', 'c', 'd'].map(work))).flat();
    expect(all).toHaveLength(600);
    expect(new Set(all).size).toBe(600);
  });

  it('fills every worker’s batch while there is enough for all', async () => {
    await land(await test.provision(), 100);
    const batches = await Promise.all(['a', 'b', 'c', 'd'].map((worker) => leases.lease(25, 60_000, worker)));
    expect(batches.map(({ length }) => length)).toEqual([25, 25, 25, 25]);
  });

  it('serves a tenant of 10 in the first batches, beside one of 1,000 that came first', async () => {
    const [big, small] = [await test.provision(), await test.provision()];
    await land(big, 1000);
    await land(small, 10);
    const first = await leases.lease(16, 60_000, 'a');
    const second = await leases.lease(16, 60_000, 'a');
    const ofSmall = (batch: readonly LeasedAsset[]) => batch.filter(({ tenantId }) => tenantId === small).length;
    expect([ofSmall(first), ofSmall(second)]).toEqual([8, 2]);
    expect([first.length, second.length]).toEqual([16, 16]);
  });

  it('lets no old backlog shut a newcomer out, even with more tenants than places', async () => {
    const backlogs = await Promise.all(Array.from({ length: 8 }, () => test.provision()));
    for (const tenant of backlogs) await land(tenant, 100);
    await test.query(`UPDATE asset SET next_attempt_at = now() - interval '1 day'`);
    const newcomer = await test.provision();
    await land(newcomer, 1);
    let rounds = 0;
    // 4 of 9 tenants are drawn each time: not to be among them 60 times over has a chance of 5e-16
    for (; rounds < 60; rounds++) {
      const batch = await leases.lease(4, 60_000, 'a');
      if (batch.some(({ tenantId }) => tenantId === newcomer)) break;
    }
    expect(rounds).toBeLessThan(60);
  });

  it('tells the attempt, the tenant’s base, and when enough is enough', async () => {
    const tenant = await test.provision({ baseModel: 'clipcap-coco' });
    await land(tenant, 1);
    for (let attempt = 1; attempt <= MAX_ATTEMPTS + 1; attempt++) {
      const [leased] = await leases.lease(1, 60_000, 'a');
      expect(leased).toMatchObject({
        tenantId: tenant,
        baseModel: 'clipcap-coco',
        attempts: attempt,
        isExhausted: attempt > MAX_ATTEMPTS,
      });
      await expireAll();
    }
  });

  it('gives an asset on when its lease has run out, with a new token', async () => {
    await land(await test.provision(), 1);
    const [first] = await leases.lease(1, 2_000, 'a');
    const second = await waitFor('the lease to run out', async () => (await leases.lease(1, 60_000, 'b'))[0]);
    expect(second.assetRowId).toBe(first!.assetRowId);
    expect(second.leaseToken).not.toBe(first!.leaseToken);
    const [row] = await test.query<{ waited: boolean }>(
      `SELECT now() - received_at >= interval '2 s' AS waited FROM asset`,
    );
    expect(row!.waited).toBe(true);
    expect(await leases.renew([first!], 60_000)).toEqual([]);
  });

  it('keeps a lease that is renewed', async () => {
    await land(await test.provision(), 2);
    const leased = await leases.lease(2, 1_000, 'a');
    expect((await leases.renew(leased, 60_000)).sort()).toEqual(ids(leased).sort());
    const [row] = await test.query<{ left: number }>(
      `SELECT min(extract(epoch FROM leased_until - now()))::float8 AS left FROM asset WHERE next_attempt_at = leased_until`,
    );
    expect(row!.left).toBeGreaterThan(50);
  });

  it('takes a lease back unworked, and the attempt with it', async () => {
    await land(await test.provision(), 1);
    const [lease] = await leases.lease(1, 60_000, 'a');
    await leases.release([lease!]);
    const [again] = await leases.lease(1, 60_000, 'b');
    expect(again).toMatchObject({ assetRowId: lease!.assetRowId, attempts: 1 });
    await leases.release([lease!]);
    expect(await leases.lease(1, 60_000, 'c')).toEqual([]);
  });

  it('takes back unworked what a lease took whose answer never came', async () => {
    await land(await test.provision(), 3);
    const batch = randomUUID();
    await leases.lease(2, 60_000, 'a', undefined, batch);
    const [other] = await leases.lease(3, 60_000, 'b');
    await leases.releaseBatches([randomUUID(), batch]);
    const again = await leases.lease(3, 60_000, 'c');
    expect(again.map(({ attempts }) => attempts)).toEqual([1, 1]);
    expect(ids(again)).not.toContain(other!.assetRowId);
    expect(new Set(again.map(({ leaseToken }) => leaseToken)).size).toBe(2);
  });

  it('says how long there is nothing to do', async () => {
    expect(await leases.msUntilDue()).toBeUndefined();
    await land(await test.provision(), 1);
    expect(await leases.msUntilDue()).toBe(0);
    await leases.lease(1, 60_000, 'a');
    expect(await leases.msUntilDue()).toBeGreaterThan(50_000);
  });
});
