import { randomUUID } from 'node:crypto';
import {
  AssetRepository,
  CaptioningRepository,
  FAILURE_CHANNEL,
  LandingRepository,
  LeaseRepository,
  listen,
  MapperVersionRepository,
  SUGGESTION_CHANNEL,
  SuggestionRepository,
  type LeasedAsset,
} from '@housestyle/database';
import { OUTGOING_EVENT_SCHEMAS, type OutgoingEventType } from '@housestyle/contracts';
import type { TenantId } from '@housestyle/domain';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { waitFor } from '../support/wait-for.js';
import { completionOf } from './caption-one.js';

let test: TestDatabase;
let captioning: CaptioningRepository;
let leases: LeaseRepository;

beforeAll(async () => {
  test = await createTestDatabase();
  captioning = new CaptioningRepository(test.database);
  leases = new LeaseRepository(test.database);
});
afterAll(() => test.drop());

/** A new tenant with `count` landed assets, all leased. */
async function leased(count: number): Promise<{ tenant: TenantId; batch: LeasedAsset[] }> {
  const tenant = await test.provision();
  await new LandingRepository(test.database).land(
    Array.from({ length: count }, () => ({ tenantId: tenant, assetId: randomUUID(), version: '1', uri: 's3://b/k' })),
  );
  const batch = await leases.lease(count, 60_000, 'a');
  expect(batch).toHaveLength(count);
  return { tenant, batch };
}

/** The worker of `lease` dies, and another takes over. */
async function takenOver(lease: LeasedAsset): Promise<LeasedAsset> {
  await test.query(`UPDATE asset SET next_attempt_at = now() - interval '1 s' WHERE id = $1`, [lease.assetRowId]);
  const [next] = await leases.lease(1, 60_000, 'b');
  expect(next?.assetRowId).toBe(lease.assetRowId);
  return next!;
}

const counts = async (tenant: TenantId) => {
  const [row] = await test.query(
    `SELECT (SELECT count(*)::int FROM suggestion WHERE tenant_id = $1) AS suggestions,
            (SELECT count(*)::int FROM embedding WHERE tenant_id = $1) AS embeddings,
            (SELECT count(*)::int FROM preview WHERE tenant_id = $1) AS previews,
            (SELECT count(*)::int FROM outbox WHERE tenant_id = $1) AS events`,
    [tenant],
  );
  return row;
};

async function events(tenant: TenantId): Promise<{ type: OutgoingEventType; key: string; payload: unknown }[]> {
  const rows = await test.query<{ type: OutgoingEventType; key: string; payload: unknown }>(
    'SELECT type, key, payload FROM outbox WHERE tenant_id = $1 ORDER BY id',
    [tenant],
  );
  for (const { type, payload } of rows) OUTGOING_EVENT_SCHEMAS[type].parse(payload);
  return rows;
}

describe('captioning', () => {
  it('gives the pipeline its tasks, and the champion', async () => {
    const { tenant, batch } = await leased(3);
    const wanted = batch.map(({ assetRowId }) => assetRowId);
    const first = await captioning.loadTasks(tenant, wanted);
    expect(first.champion).toBeUndefined();
    expect(first.tasks.map(({ assetRowId }) => assetRowId).sort()).toEqual([...wanted].sort());
    expect(first.tasks[0]).toMatchObject({ tenantId: tenant, version: '1', uri: 's3://b/k' });

    const mappers = new MapperVersionRepository(test.database);
    const draft = {
      name: 'v1',
      baseModel: 'demo',
      baseSha256: 'b',
      sha256: 'c'.repeat(64),
      key: 'k/1',
      kind: 'delta',
    } as const;
    const version = await mappers.register(tenant, draft);
    expect((await mappers.register(tenant, draft)).id).toBe(version.id);
    await mappers.promote(tenant, version.id, 'better');
    expect((await captioning.loadTasks(tenant, wanted)).champion).toEqual({
      id: version.id,
      sha256: draft.sha256,
      key: 'k/1',
    });
    await mappers.promote(tenant, undefined, 'worse after all');
    expect((await captioning.loadTasks(tenant, wanted)).champion).toBeUndefined();
    await expect(mappers.promote(await test.provision(), version.id, 'theft')).rejects.toMatchObject({
      code: 'not_found',
    });
    expect((await events(tenant)).map(({ type }) => type)).toEqual(Array(2).fill('housestyle.mapper.promoted.v1'));
  });

  it('writes everything a captioned batch leaves, at once', async () => {
    const { tenant, batch } = await leased(20);
    const { completed, lost } = await captioning.completeMany(
      tenant,
      batch.map((lease) => completionOf(lease)),
    );
    expect([completed.length, lost.length]).toEqual([20, 0]);
    expect(await counts(tenant)).toEqual({ suggestions: 20, embeddings: 20, previews: 20, events: 20 });

    const assets = new AssetRepository(test.database);
    const asset = await assets.get(tenant, batch[0]!.assetRowId);
    expect(asset).toMatchObject({ status: 'captioned', attempts: 1, width: 640, height: 480, hasPreview: true });
    expect(await assets.preview(tenant, batch[0]!.assetRowId)).toEqual({
      contentType: 'image/webp',
      bytes: new Uint8Array([1, 2, 3]),
    });
    const [suggestion] = await new SuggestionRepository(test.database).ofAsset(tenant, batch[0]!.assetRowId);
    expect(suggestion).toMatchObject({ text: 'A cat on a mat.', score: -0.25, mapperId: 'base' });
    expect(suggestion!.hypotheses).toEqual(completionOf(batch[0]!).hypotheses);
    const [embedding] = await test.query<{ values: Buffer }>('SELECT values FROM embedding WHERE asset_row_id = $1', [
      batch[0]!.assetRowId,
    ]);
    expect(embedding!.values.readFloatLE(4)).toBe(-0.5);

    const [event] = await events(tenant);
    expect(event).toMatchObject({
      type: 'housestyle.caption.suggested.v1',
      payload: { caption: 'A cat on a mat.', alternatives: [{ caption: 'A cat', score: -0.5 }] },
    });
  });

  it('makes one suggestion of an asset that is completed twice', async () => {
    const { tenant, batch } = await leased(1);
    const completion = completionOf(batch[0]!);
    const both = await Promise.all([captioning.complete(tenant, completion), captioning.complete(tenant, completion)]);
    expect(both.sort()).toEqual([false, true]);
    expect(await captioning.complete(tenant, completion)).toBe(false);
    expect(await counts(tenant)).toEqual({ suggestions: 1, embeddings: 1, previews: 1, events: 1 });
  });

  it('refuses the outcome of a worker whose lease was taken over, and takes its neighbours’', async () => {
    const { tenant, batch } = await leased(2);
    const next = await takenOver(batch[0]!);
    const late = await captioning.completeMany(
      tenant,
      batch.map((lease) => completionOf(lease)),
    );
    expect(late).toEqual({ completed: [batch[1]!.assetRowId], lost: [batch[0]!.assetRowId] });
    expect(await captioning.fail(tenant, batch[0]!, { code: 'corrupt_image', message: 'late' })).toBe(false);
    expect(await captioning.retryLater(tenant, batch[0]!, { code: 'internal', message: 'late' }, new Date())).toBe(
      false,
    );
    expect(await captioning.complete(tenant, completionOf(next))).toBe(true);
    expect(await counts(tenant)).toMatchObject({ suggestions: 2, events: 2 });
  });

  it('cannot complete another tenant’s asset', async () => {
    const { batch } = await leased(1);
    expect(await captioning.complete(await test.provision(), completionOf(batch[0]!))).toBe(false);
  });

  it('writes nothing at all when one part of the outcome is refused', async () => {
    const { tenant, batch } = await leased(2);
    const [good, bad] = [completionOf(batch[0]!), completionOf(batch[1]!, { mapperId: randomUUID() })];
    await expect(captioning.completeMany(tenant, [good, bad])).rejects.toThrow(/foreign key|Foreign key/);
    expect(await counts(tenant)).toEqual({ suggestions: 0, embeddings: 0, previews: 0, events: 0 });
    expect(await captioning.complete(tenant, good)).toBe(true);
  });

  it('stores captions that PostgreSQL would refuse as they come', async () => {
    const { tenant, batch } = await leased(1);
    const hypotheses = [{ text: 'a\0b \ud83d', score: -1, tokens: [1], isStopped: true }];
    expect(await captioning.complete(tenant, completionOf(batch[0]!, { hypotheses }))).toBe(true);
    const { items } = await new SuggestionRepository(test.database).list(tenant, { limit: 1 });
    expect(items[0]!.text).toBe('ab \uFFFD');
  });

  it('fails an asset for good, says so once, and never leases it again', async () => {
    const { tenant, batch } = await leased(1);
    const failure = { code: 'corrupt_image', message: 'truncated \0 at byte 17' } as const;
    expect(await captioning.fail(tenant, batch[0]!, failure)).toBe(true);
    expect(await captioning.fail(tenant, batch[0]!, failure)).toBe(false);
    expect(await new AssetRepository(test.database).get(tenant, batch[0]!.assetRowId)).toMatchObject({
      status: 'failed',
      error: { code: 'corrupt_image', message: 'truncated  at byte 17' },
    });
    expect(await leases.lease(10, 1000, 'a')).toEqual([]);
    const all = await events(tenant);
    expect(all).toHaveLength(1);
    expect(all[0]).toMatchObject({ type: 'housestyle.asset.failed.v1', payload: { code: 'corrupt_image' } });
  });

  it('tries again, but not before its time', async () => {
    const { tenant, batch } = await leased(1);
    const failure = { code: 'source_timeout', message: 'slow' } as const;
    expect(await captioning.retryLater(tenant, batch[0]!, failure, new Date(Date.now() + 60_000))).toBe(true);
    expect(await leases.lease(1, 1000, 'a')).toEqual([]);
    const [again] = await test.query(
      `UPDATE asset SET next_attempt_at = now() WHERE id = $1 RETURNING status, error_code, attempts`,
      [batch[0]!.assetRowId],
    );
    expect(again).toEqual({ status: 'received', error_code: 'source_timeout', attempts: 1 });
    const [second] = await leases.lease(1, 60_000, 'a');
    expect(second).toMatchObject({ attempts: 2 });
    expect(await captioning.complete(tenant, completionOf(second!))).toBe(true);
    expect(await new AssetRepository(test.database).get(tenant, batch[0]!.assetRowId)).toMatchObject({
      error: undefined,
    });
  });

  it('tells listeners which suggestion is new and which asset failed', async () => {
    const heard: string[] = [];
    let connections = 0;
    const options = { onNotification: (payload: string) => void heard.push(payload), onConnected: () => connections++ };
    const subscriptions = [
      listen(test.appUrl, SUGGESTION_CHANNEL, options),
      listen(test.appUrl, FAILURE_CHANNEL, options),
    ];
    try {
      await waitFor('the subscriptions', () => connections === 2);
      const { tenant, batch } = await leased(2);
      await captioning.complete(tenant, completionOf(batch[0]!));
      await captioning.fail(tenant, batch[1]!, { code: 'empty_image', message: 'no bytes' });
      const { items } = await new SuggestionRepository(test.database).list(tenant, { limit: 1 });
      await waitFor('both notifications', () => heard.length === 2);
      expect(heard.sort()).toEqual([`${tenant}:${items[0]!.id}`, `${tenant}:${batch[1]!.assetRowId}`].sort());
    } finally {
      await Promise.all(subscriptions.map((subscription) => subscription.close()));
    }
  });
});
