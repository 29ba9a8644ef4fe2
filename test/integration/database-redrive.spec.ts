import {
  CaptioningRepository,
  LandingRepository,
  LeaseRepository,
  RedriveRepository,
  type FailedAssetFilter,
} from '@housestyle/database';
import type { ErrorCode, TenantId } from '@housestyle/domain';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';

let test: TestDatabase;
let assets: RedriveRepository;
let tenant: TenantId;
let other: TenantId;

beforeAll(async () => {
  test = await createTestDatabase();
  assets = new RedriveRepository(test.database);
});
afterAll(() => test.drop());
beforeEach(async () => {
  [tenant, other] = [await test.provision(), await test.provision()];
});

/** Lands and fails an asset for each of these, a minute apart from `2026-01-01T00:00Z` on. */
async function fail(owner: TenantId, failures: readonly (readonly [ErrorCode, string?])[]): Promise<void> {
  const uploads = failures.map((_, n) => ({
    tenantId: owner,
    assetId: `asset ${n}`,
    version: '1',
    uri: 'https://x.example/',
  }));
  await new LandingRepository(test.database).land(uploads);
  const leases = await new LeaseRepository(test.database).lease(1000, 60_000, 'a test');
  const captioning = new CaptioningRepository(test.database);
  const named = await test.query<{ id: string; asset_id: string }>(
    'SELECT id, asset_id FROM asset WHERE tenant_id = $1',
    [owner],
  );
  for (const [n, [code, message = 'why']] of failures.entries()) {
    const { id } = named.find(({ asset_id }) => asset_id === `asset ${n}`)!;
    await captioning.fail(
      owner,
      leases.find(({ assetRowId }) => assetRowId === id)!,
      { code, message },
    );
    await test.query('UPDATE asset SET failed_at = $2 WHERE id = $1', [id, new Date(Date.UTC(2026, 0, 1, 0, n))]);
  }
}

const received = async (owner: TenantId): Promise<string[]> =>
  (
    await test.query<{ asset_id: string }>(
      `SELECT asset_id FROM asset WHERE tenant_id = $1 AND status = 'received' AND attempts = 0 AND failed_at IS NULL
         AND error_code IS NULL AND lease_token IS NULL AND next_attempt_at <= now() ORDER BY asset_id`,
      [owner],
    )
  ).map(({ asset_id }) => asset_id);

it.each<[string, FailedAssetFilter, string[]]>([
  ['everything', {}, ['asset 0', 'asset 1', 'asset 2', 'asset 3']],
  ['a code', { codes: ['corrupt_image'] }, ['asset 0']],
  ['what the attempts failed of', { codes: ['source_timeout'] }, ['asset 1', 'asset 2']],
  ['exhausted attempts, whatever they failed of', { codes: ['attempts_exhausted'] }, ['asset 2', 'asset 3']],
  ['a time', { since: new Date('2026-01-01T00:01Z'), until: new Date('2026-01-01T00:03Z') }, ['asset 1', 'asset 2']],
  ['the oldest two', { limit: 2 }, ['asset 0', 'asset 1']],
  ['none of those', { ids: ['00000000-0000-4000-8000-000000000000'] }, []],
])('redrives %s, once, and only of that tenant', async (_, filter, expected) => {
  const failures = [
    ['corrupt_image'],
    ['source_timeout'],
    ['attempts_exhausted', 'source_timeout: nothing came: not even a header'],
    ['attempts_exhausted', 'its worker ended 5 times before there was an outcome'],
  ] as const;
  await fail(tenant, failures);
  await fail(other, failures);
  const total = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((sum, n) => sum + n, 0);

  const counted = await assets.preview(tenant, filter);
  expect(await received(tenant)).toEqual([]);
  expect(await assets.redrive(tenant, filter)).toEqual(counted);
  expect(total(counted)).toBe(expected.length);
  expect(await received(tenant)).toEqual(expected);
  expect(await received(other)).toEqual([]);
  if (filter.limit === undefined) expect(await assets.redrive(tenant, filter)).toEqual({});
});

it('takes each asset once, however many redrive at once, and leaves what is captioned alone', async () => {
  await fail(
    tenant,
    Array.from({ length: 60 }, () => ['corrupt_image'] as const),
  );
  await test.query(`UPDATE asset SET status = 'captioned' WHERE tenant_id = $1 AND asset_id = 'asset 7'`, [tenant]);
  const counts = await Promise.all(Array.from({ length: 4 }, () => assets.redrive(tenant)));
  expect(counts.reduce((sum, count) => sum + (count['corrupt_image'] ?? 0), 0)).toBe(59);
  expect(await received(tenant)).toHaveLength(59);
});
