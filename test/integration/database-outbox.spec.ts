import { BucketMappingRepository, OutboxRepository, type ClaimedEvents, type OutboxId } from '@housestyle/database';
import type { TenantId } from '@housestyle/domain';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { captionOne } from './caption-one.js';

let test: TestDatabase;
let outbox: OutboxRepository;

beforeAll(async () => {
  test = await createTestDatabase();
  outbox = new OutboxRepository(test.database);
});
afterAll(() => test.drop());

const idsOf = (claimed: readonly ClaimedEvents[]): OutboxId[] => claimed.flatMap(({ ids }) => ids);

async function addEvents(tenant: TenantId, keys: readonly string[]): Promise<void> {
  await test.query(
    `INSERT INTO outbox (tenant_id, type, key, payload) SELECT $1, 'test', key, '{}' FROM unnest($2::text[]) AS key`,
    [tenant, keys],
  );
}

describe('the outbox', () => {
  beforeEach(() => test.query('DELETE FROM outbox'));

  it('claims across tenants, reads payloads inside each, publishes once', async () => {
    const tenants = [await test.provision(), await test.provision()];
    for (const tenant of [...tenants, ...tenants]) await captionOne(test.database, tenant);
    const claimed = await outbox.claim(100, 60_000);
    expect(claimed.map(({ tenantId }) => tenantId).sort()).toEqual([...tenants].sort());
    expect(await outbox.claim(100, 60_000)).toEqual([]);
    for (const { tenantId, ids } of claimed) {
      const events = await outbox.load(tenantId, ids);
      expect(events.map(({ id }) => id)).toEqual(ids);
      expect(events[0]).toMatchObject({ type: 'housestyle.caption.suggested.v1', attempts: 1, payload: { tenantId } });
      expect(events[0]!.key.startsWith(`${tenantId}/a/`)).toBe(true);
      expect(events[0]!.createdAt).toBeInstanceOf(Date);
    }
    expect(await outbox.load(claimed[0]!.tenantId, claimed[1]!.ids)).toEqual([]);
    expect((await outbox.backlog()).count).toBe(4);
    await outbox.markPublished(idsOf(claimed));
    await test.query(`UPDATE outbox SET next_attempt_at = now()`);
    expect(await outbox.claim(100, 60_000)).toEqual([]);
    expect(await outbox.backlog()).toEqual({ count: 0, oldestMs: 0 });
  });

  it('never gives one event to two relays', async () => {
    const tenant = await test.provision();
    await addEvents(
      tenant,
      Array.from({ length: 200 }, (_, i) => `k${i}`),
    );
    const claims = await Promise.all(Array.from({ length: 6 }, () => outbox.claim(40, 60_000)));
    const ids = claims.flatMap(idsOf);
    expect(ids).toHaveLength(200);
    expect(new Set(ids).size).toBe(200);
  });

  it('holds back what follows a failed event of the same key, and only that', async () => {
    const tenant = await test.provision();
    await addEvents(tenant, ['a', 'b', 'a']);
    const [first] = idsOf(await outbox.claim(1, 60_000));
    const others = await outbox.claim(10, 60_000);
    expect((await outbox.load(tenant, idsOf(others))).map(({ key }) => key)).toEqual(['b']);
    await outbox.markFailed([first!], 'the broker is away', new Date(Date.now() + 60_000));
    expect(await outbox.claim(10, 60_000)).toEqual([]);
    const [row] = await test.query('SELECT last_error, published_at, leased_until FROM outbox WHERE id = $1', [first]);
    expect(row).toEqual({ last_error: 'the broker is away', published_at: null, leased_until: null });

    await test.query('UPDATE outbox SET next_attempt_at = now() WHERE id = $1', [first]);
    const retried = await outbox.claim(10, 60_000);
    expect((await outbox.load(tenant, idsOf(retried))).map(({ key, attempts }) => [key, attempts])).toEqual([
      ['a', 2],
      ['a', 1],
    ]);
  });

  it('keeps a published event published, whatever a slower relay reports', async () => {
    const tenant = await test.provision();
    await addEvents(tenant, ['a']);
    const ids = idsOf(await outbox.claim(1, 60_000));
    await outbox.markPublished(ids);
    await outbox.markFailed(ids, 'late', new Date());
    expect(await outbox.claim(10, 60_000)).toEqual([]);
  });
});

describe('bucket mappings', () => {
  it('finds whose objects these are: the longest prefix wins', async () => {
    const all = await test.provision({ bucketMappings: [{ bucket: 'pictures' }] });
    const museum = await test.provision({ bucketMappings: [{ bucket: 'pictures', prefix: 'museum/' }] });
    const owners = await new BucketMappingRepository(test.database).resolve([
      { bucket: 'pictures', key: 'museum/1.jpg' },
      { bucket: 'pictures', key: 'museum' },
      { bucket: 'other', key: 'museum/1.jpg' },
      { bucket: 'pictures', key: 'nul\0' },
      { bucket: 'pictures', key: '%_\\' },
    ]);
    expect(owners).toEqual([museum, all, undefined, undefined, all]);
    await expect(test.provision({ bucketMappings: [{ bucket: 'pictures' }] })).rejects.toMatchObject({
      code: 'conflict',
    });
  });
});
