import {
  ApiKeyRepository,
  LearningRepository,
  ReviewRepository,
  TrainingLifecycleRepository,
  TrainingRunRepository,
  TrainingScheduleRepository,
  type HeldRun,
} from '@housestyle/database';
import { DEFAULT_TRAINING_SCHEDULE, type TenantId } from '@housestyle/domain';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { embeddingOf, reviewPictures, TEST_BASE } from '../support/reviewed-captions.js';

let test: TestDatabase;
let learning: LearningRepository;
let runs: TrainingRunRepository;
let lifecycle: TrainingLifecycleRepository;

beforeAll(async () => {
  test = await createTestDatabase();
  learning = new LearningRepository(test.database);
  runs = new TrainingRunRepository(test.database);
  lifecycle = new TrainingLifecycleRepository(test.database);
});
afterAll(() => test.drop());

async function beginRun(tenantId: TenantId): Promise<HeldRun> {
  const { run } = await runs.request(tenantId, 'demand');
  return (await lifecycle.begin({ tenantId, runId: run.id }, TEST_BASE))!;
}

async function refuse(run: HeldRun): Promise<void> {
  const findings = { reason: 'no better', figures: {}, curve: [], examples: [], trainableParameters: 1, seconds: 1 };
  await lifecycle.finish(run, { status: 'refused', ...findings });
}

const readinessOf = async (tenant: TenantId) => (await learning.readiness(tenant)).readiness;
/** What another encoder leaves of a picture. */
const asCopy = (embedding: Float32Array) => embedding.map((value, n) => 0.8 * (value + 0.05 * Math.cos(n)));
const keysOf = (captions: HeldRun['training']) => new Set(captions.map(({ imageKey }) => imageKey));

describe('readiness', () => {
  it('goes from cold over warming to ready, and says what is missing', async () => {
    const tenant = await test.provision();
    await reviewPictures(test, tenant, 2, { review: () => undefined });
    expect(await readinessOf(tenant)).toMatchObject({ state: 'cold', pictures: 0, missing: 20, newReviews: 0 });

    await reviewPictures(test, tenant, 4, {
      review: (n) =>
        n === 0
          ? { decision: 'rejected', editor: 'ana' }
          : n === 1
            ? { decision: 'accepted', editor: 'ben' }
            : { decision: 'corrected', text: `better ${n}`, editor: 'ana' },
    });
    expect(await readinessOf(tenant)).toEqual({
      state: 'warming',
      pictures: 3,
      accepted: 1,
      corrected: 2,
      editors: 2,
      heldOut: 0,
      newReviews: 3,
      reviewsSinceLastRun: 3,
      missing: 17,
    });

    await new TrainingScheduleRepository(test.database).put(tenant, {
      ...DEFAULT_TRAINING_SCHEDULE,
      minimumSamples: 3,
    });
    expect(await readinessOf(tenant)).toMatchObject({ state: 'ready', missing: 0 });
  });

  it('counts a picture that was uploaded twice once', async () => {
    const tenant = await test.provision();
    await reviewPictures(test, tenant, 6, { picture: (n) => 500 + (n % 2) });
    expect(await readinessOf(tenant)).toMatchObject({ pictures: 2, accepted: 6 });
  });

  it('counts new reviews from the last run on', async () => {
    const tenant = await test.provision();
    const [first] = await reviewPictures(test, tenant, 3);
    await refuse(await beginRun(tenant));
    expect(await readinessOf(tenant)).toMatchObject({ newReviews: 0, pictures: 3 });
    const again = { decision: 'corrected', text: 'on second thoughts', editor: 'ana' } as const;
    await new ReviewRepository(test.database).decide(tenant, first!.suggestionId, again);
    expect(await readinessOf(tenant)).toMatchObject({ newReviews: 1 });
  });

  it('forgets no review because a run with it was cut short', async () => {
    const tenant = await test.provision();
    await reviewPictures(test, tenant, 3);
    const failed = await beginRun(tenant);
    expect(await readinessOf(tenant)).toMatchObject({ newReviews: 0, reviewsSinceLastRun: 0 });
    await lifecycle.finish(failed, { status: 'failed', reason: 'the store was away' });
    expect((await learning.readiness(tenant)).lastBegunAt).toEqual((await runs.get(tenant, failed.runId))!.startedAt);
    // the timetable tries again; enough new reviews have to come before they start the next
    expect(await readinessOf(tenant)).toMatchObject({ newReviews: 3, reviewsSinceLastRun: 0 });
    await refuse(await beginRun(tenant));
    expect(await readinessOf(tenant)).toMatchObject({ newReviews: 0, reviewsSinceLastRun: 0 });
  });
});

describe('a run’s examples', () => {
  it('are the texts that stand, with the embeddings of this base, and nobody else’s', async () => {
    const [tenant, other] = [await test.provision(), await test.provision()];
    await reviewPictures(test, other, 3, { suggested: () => 'theirs' });
    await reviewPictures(test, tenant, 3, {
      review: (n) =>
        n === 0
          ? { decision: 'rejected' }
          : n === 1
            ? { decision: 'accepted', editor: 'ben' }
            : { decision: 'corrected', text: 'Boat, red.', editor: 'ana' },
    });
    const { training, holdOut, champion, mayStartFromChampion } = await beginRun(tenant);
    expect(training.map(({ text, isCorrected, editor }) => [text, isCorrected, editor])).toEqual([
      ['A red boat, number 1.', false, 'ben'],
      ['Boat, red.', true, 'ana'],
    ]);
    expect(training[0]!.embedding).toHaveLength(32);
    expect([holdOut, champion, mayStartFromChampion]).toEqual([[], undefined, true]);

    const { run } = await runs.request(await test.provision(), 'demand');
    expect(await lifecycle.begin({ tenantId: other, runId: run.id }, TEST_BASE)).toBeUndefined();
  });

  it('never hold a picture that is held out, whichever upload of it', async () => {
    const tenant = await test.provision();
    await reviewPictures(test, tenant, 60, { picture: (n) => 1000 + n });
    const first = await beginRun(tenant);
    await refuse(first);
    expect(first.training).toHaveLength(48);
    expect(first.holdOut.map(({ text }) => text)).toEqual(
      Array.from({ length: 12 }, (_, n) => `A red boat, number ${48 + n}.`),
    );

    // the held-out pictures come again, are reviewed again, and there are more
    await reviewPictures(test, tenant, 12, {
      picture: (n) => 1048 + n,
      review: () => ({ decision: 'corrected', text: 'a new text', editor: 'ana' }),
    });
    await reviewPictures(test, tenant, 40, { picture: (n) => 1060 + n });
    const second = await beginRun(tenant);
    await refuse(second);
    expect(second.holdOut.slice(0, 12)).toEqual(first.holdOut);
    expect(second.holdOut).toHaveLength(20);
    expect(second.training).toHaveLength(80);
    const trained = new Set([...keysOf(first.training), ...keysOf(second.training)]);
    expect([...keysOf(second.holdOut)].filter((key) => trained.has(key))).toEqual([]);
    expect(second.training.some(({ text }) => text === 'a new text')).toBe(false);
  });

  it('never hold a copy of a picture that is held out, nor hold out a copy of one they hold', async () => {
    const tenant = await test.provision();
    const original = (n: number) => embeddingOf(n);
    const copy = (n: number) => asCopy(original(n));
    await reviewPictures(test, tenant, 60, { embedding: (n) => original(5000 + n) });
    const first = await beginRun(tenant);
    await refuse(first);
    expect([first.training.length, first.holdOut.length]).toEqual([48, 12]);
    // the twelve that are held out, and ten that were trained on, come again as small JPEGs
    const suggested = (n: number) => `Another boat, ${n}.`;
    await reviewPictures(test, tenant, 12, { embedding: (n) => copy(5048 + n), suggested });
    await reviewPictures(test, tenant, 10, { embedding: (n) => copy(5000 + n), suggested });
    const second = await beginRun(tenant);
    await refuse(second);
    expect(second.holdOut).toEqual(first.holdOut);
    expect(second.training).toHaveLength(58);
    expect(keysOf(second.training)).toEqual(keysOf(first.training));
  });

  it('leave out what is held out when another base has embedded it', async () => {
    const tenant = await test.provision();
    const pictures = await reviewPictures(test, tenant, 50);
    const first = await beginRun(tenant);
    await refuse(first);
    const other = { name: 'demo', sha256: 'cafe'.repeat(16) };
    for (const [n, { assetRowId }] of pictures.entries()) {
      await test.query(
        `INSERT INTO embedding (tenant_id, asset_row_id, base_model, base_sha256, values) VALUES ($1, $2, $3, $4, $5)`,
        [tenant, assetRowId, other.name, other.sha256, Buffer.from(embeddingOf(9000 + n, 48).buffer)],
      );
    }
    const { run } = await runs.request(tenant, 'demand');
    const second = (await lifecycle.begin({ tenantId: tenant, runId: run.id }, other))!;
    const ids = ({ holdOut }: HeldRun) => holdOut.map(({ suggestionId }) => suggestionId);
    expect(ids(second)).toEqual(ids(first));
    expect(second.training).toHaveLength(40);
    expect(second.training.filter(({ suggestionId }) => ids(first).includes(suggestionId))).toEqual([]);
  });

  it('judge by the newest that are held out, and leave the others unlearned', async () => {
    const tenant = await test.provision();
    const [kept] = await reviewPictures(test, tenant, 6);
    // as years of learning leave it: this picture's name is the oldest's
    await test.query(
      `INSERT INTO hold_out (tenant_id, image_key, suggestion_id, text, is_corrected, reviewed_at)
      SELECT $1, 'picture ' || n, $2, 'held out ' || n, false, now() - interval '1 year' + n * interval '1 minute'
      FROM generate_series(1, 1000) AS n`,
      [tenant, kept!.suggestionId],
    );
    const { holdOut, training } = await beginRun(tenant);
    expect(holdOut.map(({ text }) => text)).toEqual(Array.from({ length: 800 }, (_, n) => `held out ${201 + n}`));
    expect(training).toHaveLength(5);
    expect(training.some(({ suggestionId }) => suggestionId === kept!.suggestionId)).toBe(false);
  });

  it('keep the hold-out’s texts as they were, whatever editors do to them afterwards', async () => {
    const tenant = await test.provision();
    const pictures = await reviewPictures(test, tenant, 50);
    const first = await beginRun(tenant);
    await refuse(first);
    const reviews = new ReviewRepository(test.database);
    for (const { suggestionId } of pictures.slice(40)) {
      await reviews.decide(tenant, suggestionId, { decision: 'corrected', text: 'tampered with', editor: 'eve' });
    }
    await reviews.withdraw(tenant, pictures[49]!.suggestionId);
    const rewritten = test.database.forTenant(tenant, (rows) =>
      rows.holdOut.updateMany({ where: { tenantId: tenant }, data: { text: 'an easier one' } }),
    );
    await expect(rewritten).rejects.toThrow(/never changed/);
    const second = await beginRun(tenant);
    await refuse(second);
    expect(second.holdOut).toEqual(first.holdOut);
    expect(second.training).toEqual(first.training);
  });

  it('hold no more than half of one person’s where three review, whichever key they use', async () => {
    const tenant = await test.provision();
    const keys = new ApiKeyRepository(test.database);
    const eve = await keys.create(tenant, 'Eve', ['review']);
    const successor = await keys.rotate(tenant, eve.id, 3600);
    const others: string[] = Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? 'ben' : 'cid'));
    const editors = [...others, ...Array.from({ length: 25 }, (_, n) => (n % 2 === 0 ? eve : successor).prefix)];
    await reviewPictures(test, tenant, editors.length, {
      review: (n) => ({ decision: 'accepted', editor: editors[n]! }),
    });
    const { training } = await beginRun(tenant);
    const ofEve = training.filter(({ editor }) => !others.includes(editor!));
    expect([training.length, ofEve.length]).toEqual([40, 20]);
    expect(new Set(ofEve.map(({ editor }) => editor))).toEqual(new Set([eve.prefix, successor.prefix]));
    expect(ofEve[0]!.text).toBe('A red boat, number 25.');
  });

  it('hold nothing, and hold nothing out, of what one of several editors alone repeats', async () => {
    const tenant = await test.provision();
    const honest = (n: number) => ({ decision: 'accepted', editor: n % 2 === 0 ? 'ben' : 'cid' }) as const;
    await reviewPictures(test, tenant, 60, { review: honest });
    await reviewPictures(test, tenant, 50, {
      review: (n) => ({ decision: 'corrected', text: `A red boat, number ${n}. Buy now!`, editor: 'eve' }),
    });
    const first = await beginRun(tenant);
    await refuse(first);
    expect([first.training.length, first.holdOut.length]).toEqual([48, 12]);
    expect([...first.training, ...first.holdOut].filter(({ editor }) => editor === 'eve')).toEqual([]);

    const free = new TrainingLifecycleRepository(test.database, { maxEditorShare: 1 });
    const { run } = await runs.request(tenant, 'demand');
    const everyone = (await free.begin({ tenantId: tenant, runId: run.id }, TEST_BASE))!;
    expect(everyone.training.some(({ editor }) => editor === 'eve')).toBe(true);
  });

  it('are told to nobody before the run has ended', async () => {
    const tenant = await test.provision();
    await reviewPictures(test, tenant, 60);
    await beginRun(tenant);
    const [run] = (await runs.list(tenant, { limit: 1 })).items;
    expect(run).toMatchObject({ holdOutCount: 12 });
    expect((await runs.get(tenant, run!.id))!.examples).toEqual([]);
    expect(JSON.stringify(await learning.readiness(tenant))).not.toContain('red boat');
  });
});
