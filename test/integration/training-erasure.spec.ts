import {
  ErasureRepository,
  ReviewRepository,
  SuggestionRepository,
  TrainingLifecycleRepository,
  TrainingRunRepository,
  type HeldRun,
} from '@housestyle/database';
import type { TenantId } from '@housestyle/domain';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { reviewPictures, TEST_BASE } from '../support/reviewed-captions.js';

const SECRET = 'Princess Leia at the beach.';

let test: TestDatabase;
let erasures: ErasureRepository;
let runs: TrainingRunRepository;
let lifecycle: TrainingLifecycleRepository;
let artefacts = 0;

beforeAll(async () => {
  test = await createTestDatabase();
  erasures = new ErasureRepository(test.database);
  runs = new TrainingRunRepository(test.database);
  lifecycle = new TrainingLifecycleRepository(test.database);
});
afterAll(() => test.drop());

async function begin(tenantId: TenantId): Promise<HeldRun> {
  const { run } = await runs.request(tenantId, 'demand');
  return (await lifecycle.begin({ tenantId, runId: run.id }, TEST_BASE))!;
}

/** @returns the mapper version's id */
async function promote(held: HeldRun): Promise<string> {
  const sha256 = (++artefacts).toString(16).padStart(64, '0');
  await lifecycle.finish(held, {
    status: 'promoted',
    mapper: { sha256, key: `mappers/${sha256}`, kind: 'delta' },
    reason: 'better',
    figures: {},
    curve: [],
    examples: held.holdOut.map(({ suggestionId, text }) => ({
      id: suggestionId,
      reference: text,
      before: '',
      after: '',
    })),
    trainableParameters: 1,
    seconds: 1,
  });
  return (await runs.get(held.tenantId, held.runId))!.mapperVersion!.id;
}

/** Every place in the tenant's rows where the text still stands. */
async function tracesOf(text: string, tenant: TenantId): Promise<string[]> {
  const tables = ['suggestion', 'review', 'training_example', 'hold_out', 'training_run', 'outbox', 'promotion'];
  const found: string[] = [];
  for (const table of tables) {
    const rows = await test.query(`SELECT 1 FROM ${table} t WHERE tenant_id = $1 AND t::text LIKE '%' || $2 || '%'`, [
      tenant,
      text,
    ]);
    if (rows.length > 0) found.push(table);
  }
  return found;
}

const secretAt = (position: number) => (n: number) =>
  n === position
    ? ({ decision: 'corrected', text: SECRET, editor: 'ana' } as const)
    : ({ decision: 'accepted', editor: 'ana' } as const);

describe('erasing a caption', () => {
  it('leaves no trace of it, and says which mappers learned from it', async () => {
    const tenant = await test.provision();
    const pictures = await reviewPictures(test, tenant, 5, { review: secretAt(1) });
    const first = await promote(await begin(tenant));
    await reviewPictures(test, tenant, 2);
    const second = await promote(await begin(tenant));
    const { suggestionId } = pictures[1]!;
    expect(await tracesOf(SECRET, tenant)).toEqual(['review', 'outbox']);

    const erasure = await erasures.erase(tenant, { suggestionId });
    expect(erasure).toEqual({
      captions: 1,
      mappers: [
        { id: first, name: 'Version 1', isDirect: true },
        { id: second, name: 'Version 2', isDirect: true },
      ],
    });
    expect(await tracesOf(SECRET, tenant)).toEqual([]);
    expect(await tracesOf('A red boat, number 1.', tenant)).toEqual(['suggestion', 'outbox']);
    expect(await new SuggestionRepository(test.database).get(tenant, suggestionId)).toBeUndefined();
    // asked again, the answer is the same
    expect(await erasures.erase(tenant, { suggestionId })).toEqual(erasure);

    const next = await begin(tenant);
    expect(next.training).toHaveLength(6);
    expect(next.training.some((caption) => caption.suggestionId === suggestionId)).toBe(false);
    expect([next.champion?.id, next.mayStartFromChampion]).toEqual([second, false]);
    // what learned without it may be started from again
    await promote(next);
    expect(await begin(tenant)).toMatchObject({ mayStartFromChampion: true });
  });

  it('names what learned from it only through its ancestor', async () => {
    const tenant = await test.provision();
    const pictures = await reviewPictures(test, tenant, 5);
    const first = await promote(await begin(tenant));
    await test.query(`UPDATE review SET decision = 'rejected' WHERE tenant_id = $1 AND suggestion_id = $2`, [
      tenant,
      pictures[0]!.suggestionId,
    ]);
    const second = await promote(await begin(tenant));
    const erasure = await erasures.erase(tenant, { assetId: pictures[0]!.assetRowId });
    expect(erasure?.mappers).toEqual([
      { id: first, name: 'Version 1', isDirect: true },
      { id: second, name: 'Version 2', isDirect: false },
    ]);
  });

  it('takes it out of the hold-out, and keeps the picture from ever being trained on', async () => {
    const tenant = await test.provision();
    const pictures = await reviewPictures(test, tenant, 50, { picture: (n) => 3000 + n, review: secretAt(49) });
    const held = await begin(tenant);
    expect(held.holdOut.map(({ text }) => text)).toContain(SECRET);
    await promote(held);
    await erasures.erase(tenant, { suggestionId: pictures[49]!.suggestionId });
    expect(await tracesOf(SECRET, tenant)).toEqual([]);
    await reviewPictures(test, tenant, 1, { picture: () => 3049 });
    const next = await begin(tenant);
    // nine are too few to judge by: they are not used, and not trained on either
    expect([next.training.length, next.holdOut.length]).toEqual([40, 0]);
  });

  it('ends a run that is learning from it', async () => {
    const tenant = await test.provision();
    const pictures = await reviewPictures(test, tenant, 5, { review: secretAt(2) });
    const held = await begin(tenant);
    const erasure = await erasures.erase(tenant, { suggestionId: pictures[2]!.suggestionId });
    expect(erasure).toMatchObject({ cancelledRunId: held.runId, mappers: [] });
    expect(await lifecycle.report(held, { stage: 's', step: 1, steps: 2, loss: 1 }, [])).toBe(false);
    await lifecycle.finish(held, {
      status: 'refused',
      reason: SECRET,
      figures: { SECRET },
      curve: [],
      examples: [],
      trainableParameters: 1,
      seconds: 1,
    });
    expect(await runs.get(tenant, held.runId)).toMatchObject({
      status: 'cancelled',
      reason: 'a caption it learned from was erased',
    });
    expect(await tracesOf(SECRET, tenant)).toEqual([]);
  });

  it('ends a run that started from what had learned it', async () => {
    const tenant = await test.provision();
    const pictures = await reviewPictures(test, tenant, 5);
    const first = await promote(await begin(tenant));
    await test.query(`UPDATE review SET decision = 'rejected' WHERE tenant_id = $1 AND suggestion_id = $2`, [
      tenant,
      pictures[0]!.suggestionId,
    ]);
    const held = await begin(tenant);
    expect(held.training.some(({ suggestionId }) => suggestionId === pictures[0]!.suggestionId)).toBe(false);
    expect(held).toMatchObject({ champion: { id: first }, mayStartFromChampion: true });
    const erasure = await erasures.erase(tenant, { suggestionId: pictures[0]!.suggestionId });
    expect(erasure).toMatchObject({ cancelledRunId: held.runId, mappers: [{ id: first }] });
    expect(await begin(tenant).catch(() => undefined)).toBeUndefined();
  });

  it('at the moment a run takes its examples leaves none of it in the run', async () => {
    for (let round = 0; round < 12; round++) {
      const tenant = await test.provision();
      const pictures = await reviewPictures(test, tenant, 3, { review: secretAt(1) });
      const { run } = await runs.request(tenant, 'demand');
      const { suggestionId } = pictures[1]!;
      const [held, erasure] = await Promise.all([
        lifecycle.begin({ tenantId: tenant, runId: run.id }, TEST_BASE),
        delay(round % 4).then(() => erasures.erase(tenant, { suggestionId })),
      ]);
      const wasTaken = held!.training.some((caption) => caption.suggestionId === suggestionId);
      expect(erasure?.cancelledRunId, `round ${round}`).toBe(wasTaken ? run.id : undefined);
      expect(await tracesOf(SECRET, tenant)).toEqual([]);
    }
  });

  it('lets no review slip in that is made at the same moment', async () => {
    const tenant = await test.provision();
    const pictures = await reviewPictures(test, tenant, 8, { review: () => undefined });
    const reviews = new ReviewRepository(test.database);
    const correction = { decision: 'corrected', text: SECRET, editor: 'ana' } as const;
    await Promise.all(
      pictures.flatMap(({ suggestionId }) => [
        reviews.decide(tenant, suggestionId, correction),
        erasures.erase(tenant, { suggestionId }),
      ]),
    );
    expect(await tracesOf(SECRET, tenant)).toEqual([]);
  });

  it('of a tenant takes every caption of that tenant, and none of another’s', async () => {
    const [tenant, other] = [await test.provision(), await test.provision()];
    await reviewPictures(test, tenant, 4, { suggested: () => SECRET });
    const theirs = await reviewPictures(test, other, 4, { suggested: () => SECRET });
    const mapper = await promote(await begin(tenant));
    expect(await erasures.erase(tenant, { suggestionId: theirs[0]!.suggestionId })).toBeUndefined();
    const erasure = await erasures.erase(tenant, { everything: true });
    expect(erasure).toMatchObject({ captions: 4, mappers: [{ id: mapper }] });
    expect(await tracesOf(SECRET, tenant)).toEqual([]);
    expect(await tracesOf(SECRET, other)).toEqual(['suggestion', 'outbox']);
    expect((await begin(tenant)).training).toEqual([]);
    expect((await begin(other)).training).toHaveLength(4);
  });
});
