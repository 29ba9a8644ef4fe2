import { randomUUID } from 'node:crypto';
import { LandingRepository, listen, LANDED_CHANNEL } from '@housestyle/database';
import { tenantId, type TenantId, type Upload } from '@housestyle/domain';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { waitFor } from '../support/wait-for.js';

let test: TestDatabase;
let landing: LandingRepository;

beforeAll(async () => {
  test = await createTestDatabase();
  landing = new LandingRepository(test.database);
});
afterAll(() => test.drop());

const uploads = (tenant: TenantId, count: number): Upload[] =>
  Array.from({ length: count }, (_, i) => ({
    tenantId: tenant,
    assetId: `shelf/${i}.jpg`,
    version: '1',
    uri: `s3://pictures/shelf/${i}.jpg`,
    ...(i % 2 ? { contentType: 'image/jpeg', sha256: 'ab'.repeat(32), context: { note: `№ ${i}` } } : {}),
  }));

const countRows = async (tenant: TenantId): Promise<number> => {
  const [row] = await test.query<{ count: number }>('SELECT count(*)::int FROM asset WHERE tenant_id = $1', [tenant]);
  return row!.count;
};

describe('landing', () => {
  it('lands 500 uploads once, however often they come', async () => {
    const tenant = await test.provision();
    const batch = uploads(tenant, 500);
    const first = await landing.land(batch);
    expect(first.landed).toHaveLength(500);
    expect(first.landed.map(({ upload }) => upload).sort(byAssetId)).toEqual([...batch].sort(byAssetId));
    const second = await landing.land(batch);
    expect(second).toEqual({ landed: [], duplicates: 500, unknownTenants: [], unstorable: [] });
    expect(await countRows(tenant)).toBe(500);
  });

  it('keeps what the upload said', async () => {
    const tenant = await test.provision();
    await landing.land(uploads(tenant, 2));
    const rows = await test.query(
      'SELECT uri, content_type, sha256, context, status, attempts FROM asset WHERE tenant_id = $1 ORDER BY asset_id',
      [tenant],
    );
    expect(rows).toEqual([
      {
        uri: 's3://pictures/shelf/0.jpg',
        content_type: null,
        sha256: null,
        context: {},
        status: 'received',
        attempts: 0,
      },
      {
        uri: 's3://pictures/shelf/1.jpg',
        content_type: 'image/jpeg',
        sha256: 'ab'.repeat(32),
        context: { note: '№ 1' },
        status: 'received',
        attempts: 0,
      },
    ]);
  });

  it('lands each asset once when many land the same at once, in any order', async () => {
    const tenant = await test.provision();
    const batch = uploads(tenant, 300);
    const shuffled = () => [...batch].sort(() => Math.random() - 0.5);
    const results = await Promise.all(Array.from({ length: 8 }, () => landing.land(shuffled())));
    expect(results.reduce((sum, { landed }) => sum + landed.length, 0)).toBe(300);
    expect(results.reduce((sum, { duplicates }) => sum + duplicates, 0)).toBe(7 * 300);
    expect(await countRows(tenant)).toBe(300);
  });

  it('reports unknown tenants and what no row can hold, and lands the rest', async () => {
    const tenant = await test.provision();
    const stranger = tenantId(randomUUID());
    const good = uploads(tenant, 3);
    const bad: Upload[] = [
      { tenantId: tenant, assetId: 'nul\0', version: '1', uri: 's3://b/k' },
      { tenantId: tenant, assetId: 'context', version: '1', uri: 's3://b/k', context: { half: '\ud83d' } },
      { tenantId: tenant, assetId: 'x'.repeat(1025), version: '1', uri: 's3://b/k' },
      { tenantId: tenant, assetId: '', version: '1', uri: 's3://b/k' },
    ];
    const strangers = uploads(stranger, 2);
    const result = await landing.land([...bad, ...strangers, ...good, ...good]);
    expect(result.landed.map(({ upload }) => upload.assetId).sort()).toEqual(good.map(({ assetId }) => assetId));
    expect(result).toMatchObject({ duplicates: 3, unknownTenants: strangers, unstorable: bad });
    expect(await countRows(tenant)).toBe(3);
  });

  it('keeps names up to the longest, and backslashes that only look like escapes', async () => {
    const tenant = await test.provision();
    const names = ['é'.repeat(512), 'back\\u0000slash', '🦊'];
    const result = await landing.land(
      names.map((assetId) => ({ tenantId: tenant, assetId, version: assetId, uri: 'x:' })),
    );
    expect(result.landed).toHaveLength(names.length);
  });

  it('does nothing for no uploads', async () => {
    expect(await landing.land([])).toEqual({ landed: [], duplicates: 0, unknownTenants: [], unstorable: [] });
  });

  it('wakes who listens, again after the connection broke, and not for duplicates', async () => {
    const tenant = await test.provision();
    let heard = 0;
    let connections = 0;
    const subscription = listen(test.queueUrl, LANDED_CHANNEL, {
      onNotification: () => heard++,
      onConnected: () => connections++,
      reconnectMs: 20,
    });
    try {
      await waitFor('the subscription', () => connections === 1);
      await landing.land(uploads(tenant, 1));
      await waitFor('the first notification', () => heard === 1);
      await landing.land(uploads(tenant, 1));
      await landing.land(uploads(tenant, 2));
      await waitFor('the second notification', () => heard === 2);

      await test.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'listen ' || $1`,
        [LANDED_CHANNEL],
      );
      await waitFor('the next connection', () => connections === 2);
      await landing.land(uploads(tenant, 3));
      await waitFor('the third notification', () => heard === 3);
    } finally {
      await subscription.close();
    }
  });
});

const byAssetId = (a: Upload, b: Upload): number => (a.assetId < b.assetId ? -1 : 1);
