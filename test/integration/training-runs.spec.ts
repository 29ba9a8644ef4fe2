import {
  listen,
  lockTraining,
  MapperVersionRepository,
  ReviewRepository,
  TRAINING_CHANNEL,
  TrainingLifecycleRepository,
  TrainingRunRepository,
  type HeldRun,
  type RunConclusion,
} from '@housestyle/database';
import { MAX_TRAINING_ATTEMPTS, type TenantId } from '@housestyle/domain';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { reviewPictures, TEST_BASE } from '../support/reviewed-captions.js';
import { waitFor } from '../support/wait-for.js';

let test: TestDatabase;
let runs: TrainingRunRepository;
let lifecycle: TrainingLifecycleRepository;
let mappers: MapperVersionRepository;

beforeAll(async () => {
  test = await createTestDatabase();
  runs = new TrainingRunRepository(test.database);
  lifecycle = new TrainingLifecycleRepository(test.database);
  mappers = new MapperVersionRepository(test.database);
});
afterAll(() => test.drop());

const FINDINGS = {
  reason: 'edits fell from 0.50 to 0.12',
  figures: { nHoldOut: 5, champion: { editDistance: 0.5 }, candidate: { editDistance: 0.12, cider: NaN } },
  curve: [{ step: 1, loss: 3 }],
  examples: [],
  trainableParameters: 1024,
  seconds: 1.5,
};
const promoted = (sha256: string): RunConclusion => ({
  status: 'promoted',
  mapper: { sha256, key: `mappers/${sha256}`, kind: 'delta' },
  ...FINDINGS,
});

async function tenantWithReviews(count = 3): Promise<TenantId> {
  const tenant = await test.provision();
  await reviewPictures(test, tenant, count);
  return tenant;
}

async function begin(tenantId: TenantId): Promise<HeldRun> {
  const { run } = await runs.request(tenantId, 'demand');
  return (await lifecycle.begin({ tenantId, runId: run.id }, TEST_BASE))!;
}

describe('asking for a run', () => {
  it('makes one of many that ask at once, and the next only when it has ended', async () => {
    const tenant = await tenantWithReviews();
    const asked = await Promise.all(Array.from({ length: 8 }, () => runs.request(tenant, 'threshold')));
    expect(new Set(asked.map(({ run }) => run.id)).size).toBe(1);
    expect(asked.filter(({ isNew }) => isNew)).toHaveLength(1);

    const held = await begin(tenant);
    expect(held.runId).toBe(asked[0]!.run.id);
    await lifecycle.finish(held, { status: 'failed', reason: 'it broke' });
    expect((await runs.request(tenant, 'demand', 'the key')).run).toMatchObject({
      status: 'requested',
      requestedBy: 'the key',
    });
  });

  it('is known to trainers and heard by listeners', async () => {
    const tenant = await tenantWithReviews();
    const heard: string[] = [];
    let isConnected = false;
    const subscription = listen(test.appUrl, TRAINING_CHANNEL, {
      onNotification: (payload) => heard.push(payload),
      onConnected: () => (isConnected = true),
    });
    await waitFor('the connection', () => isConnected);
    const { run } = await runs.request(tenant, 'demand');
    await waitFor('the notification', () => heard.includes(`${tenant}:${run.id}`));
    await subscription.close();
    const waiting = await lifecycle.waiting();
    expect(waiting).toContainEqual({ tenantId: tenant, runId: run.id, isNew: true });
    expect(await lifecycle.endedLately()).not.toContainEqual({ tenantId: tenant, runId: run.id });
    await runs.cancel(tenant, run.id);
    expect(await lifecycle.endedLately()).toContainEqual({ tenantId: tenant, runId: run.id });
    await test.query(`UPDATE training_run SET requested_at = now() - interval '8 days' WHERE id = $1`, [run.id]);
    expect(await lifecycle.endedLately()).not.toContainEqual({ tenantId: tenant, runId: run.id });
  });
});

describe('a run', () => {
  it('ends in a promotion: version, champion, event and run at once', async () => {
    const tenant = await tenantWithReviews();
    const held = await begin(tenant);
    const progress = { stage: 'training', step: 5, steps: 10, loss: 2.5 };
    expect(await lifecycle.report(held, progress, [{ step: 5, loss: 2.5 }])).toBe(true);
    expect(await runs.get(tenant, held.runId)).toMatchObject({ status: 'running', progress, curve: [{ step: 5 }] });

    expect(await lifecycle.finish(held, promoted('a1'.repeat(32)))).toBe('promoted');
    const run = await runs.get(tenant, held.runId);
    expect(run).toMatchObject({
      status: 'promoted',
      trainingCount: 3,
      curve: [{ step: 1, loss: 3 }],
      figures: { nHoldOut: 5, candidate: { editDistance: 0.12, cider: null } },
      trainableParameters: 1024,
      mapperVersion: { name: 'Version 1' },
    });
    expect(run).not.toHaveProperty('progress', expect.anything());
    const [version] = await mappers.list(tenant);
    expect(version).toMatchObject({
      id: run!.mapperVersion!.id,
      baseSha256: TEST_BASE.sha256,
      trainingRunId: held.runId,
      promotion: { kind: 'training', reason: FINDINGS.reason },
    });
    expect(await mappers.champion(tenant)).toMatchObject({ id: version!.id, key: `mappers/${'a1'.repeat(32)}` });
    const events = await test.query(
      `SELECT payload FROM outbox WHERE tenant_id = $1 AND type = 'housestyle.mapper.promoted.v1'`,
      [tenant],
    );
    expect(events).toHaveLength(1);
    const texts = await test.query(`SELECT 1 FROM training_example WHERE tenant_id = $1 AND text IS NOT NULL`, [
      tenant,
    ]);
    expect(texts).toEqual([]);
    expect(await lifecycle.finish(held, promoted('a2'.repeat(32)))).toBeUndefined();
  });

  it('ends in a refusal with all its figures, and the champion stays', async () => {
    const tenant = await tenantWithReviews();
    const held = await begin(tenant);
    await lifecycle.finish(held, { status: 'refused', ...FINDINGS, reason: 'it says less' });
    expect(await runs.get(tenant, held.runId)).toMatchObject({
      status: 'refused',
      reason: 'it says less',
      figures: { nHoldOut: 5 },
    });
    expect([await mappers.list(tenant), await mappers.champion(tenant)]).toEqual([[], undefined]);
  });

  it('takes up again with the examples, the seed and the champion of its first start', async () => {
    const tenant = await tenantWithReviews(4);
    const first = await begin(tenant);
    await lifecycle.report(first, { stage: 'training', step: 7, steps: 10, loss: 1 }, [{ step: 7, loss: 1 }]);
    await reviewPictures(test, tenant, 5);
    const [changed] = first.training;
    const redone = { decision: 'corrected', text: 'changed meanwhile', editor: 'ana' } as const;
    await new ReviewRepository(test.database).decide(tenant, changed!.suggestionId, redone);

    const second = (await lifecycle.begin(first, TEST_BASE))!;
    expect(second).toEqual({ ...first, holder: second.holder, curve: [{ step: 7, loss: 1 }] });
    expect(second.holder).not.toBe(first.holder);
    // whoever held it before is silenced
    expect(await lifecycle.report(first, { stage: 'late', step: 8, steps: 10, loss: 1 }, [])).toBe(false);
    expect(await lifecycle.finish(first, promoted('b1'.repeat(32)))).toBeUndefined();
    expect(await lifecycle.finish(second, promoted('b2'.repeat(32)))).toBe('promoted');
  });

  it('is given up when it keeps ending its process', async () => {
    const tenant = await tenantWithReviews();
    const held = await begin(tenant);
    for (let attempt = 1; attempt < MAX_TRAINING_ATTEMPTS; attempt++) {
      expect(await lifecycle.begin(held, TEST_BASE)).toBeDefined();
    }
    expect(await lifecycle.begin(held, TEST_BASE)).toBeUndefined();
    expect(await runs.get(tenant, held.runId)).toMatchObject({
      status: 'failed',
      reason: expect.stringContaining(`started ${MAX_TRAINING_ATTEMPTS} times`) as string,
    });
  });

  it('counts no start that was stopped in good order, and each that could not even begin', async () => {
    const tenant = await tenantWithReviews();
    const held = await begin(tenant);
    for (let restart = 0; restart < 2 * MAX_TRAINING_ATTEMPTS; restart++) {
      const again = (await lifecycle.begin(held, TEST_BASE))!;
      await lifecycle.leave(again);
    }
    expect(await runs.get(tenant, held.runId)).toMatchObject({ status: 'running', attempts: 1 });
    // whoever is no longer its holder gives nothing back
    await lifecycle.leave(held);
    expect(await runs.get(tenant, held.runId)).toMatchObject({ attempts: 1 });
    for (let attempt = 1; attempt < MAX_TRAINING_ATTEMPTS; attempt++) await lifecycle.countStart(held);
    expect(await lifecycle.begin(held, TEST_BASE)).toBeUndefined();
    expect(await runs.get(tenant, held.runId)).toMatchObject({ status: 'failed' });
  });

  it('begins from the base’s own when the champion was made for the base before', async () => {
    const tenant = await tenantWithReviews();
    const draft = { name: 'old', baseModel: 'demo', baseSha256: TEST_BASE.sha256, key: 'k', kind: 'delta' } as const;
    const { id } = await mappers.register(tenant, { ...draft, sha256: 'f0'.repeat(32) });
    await mappers.promote(tenant, id, 'by hand');
    await test.provision({ id: tenant, baseModel: 'another-base' });
    expect(await mappers.champion(tenant)).toBeUndefined();
    const { run } = await runs.request(tenant, 'demand');
    const held = await lifecycle.begin({ tenantId: tenant, runId: run.id }, { ...TEST_BASE, name: 'another-base' });
    expect(held).toBeDefined();
    expect(held!.champion).toBeUndefined();
  });

  it('begins from the base’s own, and replaces the champion, when that was made for another copy of the base', async () => {
    const tenant = await tenantWithReviews();
    const draft = { name: 'old', baseModel: 'demo', baseSha256: '01d0'.repeat(16), key: 'k', kind: 'delta' } as const;
    const { id } = await mappers.register(tenant, { ...draft, sha256: 'f1'.repeat(32) });
    await mappers.promote(tenant, id, 'before the base was replaced');
    const held = await begin(tenant);
    expect([held.champion, held.mayStartFromChampion]).toEqual([undefined, false]);
    expect((await runs.get(tenant, held.runId))!.championBefore).toMatchObject({ id });
    expect(await lifecycle.begin(held, TEST_BASE)).not.toHaveProperty('champion');
    const again = (await lifecycle.begin(held, TEST_BASE))!;
    expect(await lifecycle.finish(again, promoted('f2'.repeat(32)))).toBe('promoted');
    expect(await begin(tenant)).toMatchObject({ champion: { sha256: 'f2'.repeat(32) }, mayStartFromChampion: true });
  });

  it('is not promoted over a champion it was not measured against', async () => {
    const tenant = await tenantWithReviews();
    const held = await begin(tenant);
    const draft = { name: 'by hand', baseModel: 'demo', baseSha256: TEST_BASE.sha256, key: 'k', kind: 'mlp' } as const;
    const { id } = await mappers.register(tenant, { ...draft, sha256: 'c0'.repeat(32) });
    await mappers.promote(tenant, id, 'by hand');
    expect(await lifecycle.finish(held, promoted('c1'.repeat(32)))).toBe('refused');
    expect(await lifecycle.isKept(tenant, { sha256: 'c1'.repeat(32) })).toBe(false);
    expect(await lifecycle.isKept(tenant, { sha256: 'c0'.repeat(32) })).toBe(true);
    expect(await runs.get(tenant, held.runId)).toMatchObject({
      status: 'refused',
      reason: expect.stringContaining('another mapper became champion') as string,
    });
    expect(await mappers.champion(tenant)).toMatchObject({ id });
  });

  it('is cancelled before it begins, while it runs, and not once it has ended', async () => {
    const tenant = await tenantWithReviews();
    const { run } = await runs.request(tenant, 'demand');
    expect(await runs.cancel(tenant, run.id)).toMatchObject({ status: 'cancelled' });
    expect(await lifecycle.begin({ tenantId: tenant, runId: run.id }, TEST_BASE)).toBeUndefined();

    const held = await begin(tenant);
    expect(await runs.cancel(tenant, held.runId)).toMatchObject({ status: 'running', isCancelRequested: true });
    expect(await lifecycle.report(held, { stage: 'training', step: 1, steps: 2, loss: 1 }, [])).toBe(false);
    await lifecycle.finish(held, promoted('d1'.repeat(32)));
    expect(await runs.cancel(tenant, held.runId)).toMatchObject({ status: 'cancelled' });
    expect(await mappers.list(tenant)).toEqual([]);
  });

  it('is its own tenant’s alone', async () => {
    const [tenant, other] = [await tenantWithReviews(), await tenantWithReviews()];
    const held = await begin(tenant);
    expect(await runs.get(other, held.runId)).toBeUndefined();
    expect(await runs.cancel(other, held.runId)).toBeUndefined();
    expect((await runs.list(other, { limit: 10 })).items).toEqual([]);
    expect(await lifecycle.report({ ...held, tenantId: other }, { stage: 's', step: 1, steps: 1, loss: 1 }, [])).toBe(
      false,
    );
    expect(await lifecycle.finish({ ...held, tenantId: other }, promoted('e1'.repeat(32)))).toBeUndefined();
    expect(await runs.active(tenant)).toMatchObject({ id: held.runId, status: 'running' });
  });
});

describe('the training lock', () => {
  it('is one tenant’s, held by one connection, and free when that ends', async () => {
    const [tenant, other] = [await test.provision(), await test.provision()];
    const held = (await lockTraining(test, tenant))!;
    expect(await lockTraining(test, tenant)).toBeUndefined();
    const others = (await lockTraining(test, other))!;
    expect(others).toBeDefined();
    await others.release();
    expect(held.lost.aborted).toBe(false);
    const cut = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE application_name = 'housestyle training lock' AND datname = current_database()`;
    await test.query(cut);
    await waitFor('the loss to be heard', () => held.lost.aborted);
    const again = await waitFor('the lock to be free', () => lockTraining(test, tenant));
    await again.release();
  });
});
