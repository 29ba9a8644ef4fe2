import type {
  Erasure,
  Learning,
  MapperList,
  TrainingRun,
  TrainingRunDetail,
  TrainingRunPage,
} from '@housestyle/contracts';
import {
  ApiKeyRepository,
  MapperVersionRepository,
  TrainingLifecycleRepository,
  type HeldRun,
} from '@housestyle/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEventStream } from '../support/event-stream.js';
import { reviewPictures, TEST_BASE } from '../support/reviewed-captions.js';
import { problemOf, startTestApi, type TestApi, type TestCaller } from '../support/running-api.js';

let api: TestApi;
let lifecycle: TrainingLifecycleRepository;
let artefacts = 0;

beforeAll(async () => {
  api = await startTestApi();
  lifecycle = new TrainingLifecycleRepository(api.test.database);
});
afterAll(() => api.stop());

const SIDE = {
  editDistance: 0.5,
  cider: 1,
  exactMatch: 0.1,
  contentShare: 0.9,
  distinctRatio: 1,
  meanLength: 8,
  stoppedShare: 1,
};
const FIGURES = {
  nHoldOut: 1,
  isCrossValidated: false,
  champion: SIDE,
  candidate: { ...SIDE, editDistance: 0.1, cider: NaN },
  bootstrapP: 0.01,
};

const body = async <Body>(response: Response): Promise<Body> => {
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return (await response.json()) as Body;
};
const post = async <Body>(caller: TestCaller, route: string, data?: unknown): Promise<Body> =>
  body(await caller.send('POST', route, data));

async function begin({ tenant }: TestCaller, { id }: TrainingRun): Promise<HeldRun> {
  return (await lifecycle.begin({ tenantId: tenant, runId: id }, TEST_BASE))!;
}

/** What a trainer does, without training. @returns the mapper version's id */
async function trainAndPromote(caller: TestCaller): Promise<string> {
  const held = await begin(caller, await post<TrainingRun>(caller, '/v1/training-runs'));
  const sha256 = (++artefacts).toString(16).padStart(64, '0');
  const suggestionId = held.training[0]!.suggestionId;
  await lifecycle.finish(held, {
    status: 'promoted',
    mapper: { sha256, key: `mappers/${sha256}`, kind: 'delta' },
    reason: 'edits fell from 0.50 to 0.10',
    figures: FIGURES,
    curve: [{ step: 1, loss: 2.5 }],
    examples: [{ id: suggestionId, reference: 'Boat, red.', before: 'A boat.', after: 'Boat, red.' }],
    trainableParameters: 4096,
    seconds: 3.5,
  });
  return (await caller.get<MapperList>('/v1/mappers')).championId!;
}

describe('learning over HTTP', () => {
  it('shows how far it is, and starts no run before there is enough', async () => {
    const caller = await api.caller();
    await reviewPictures(api.test, caller.tenant, 4);
    expect(await caller.get<Learning>('/v1/learning')).toEqual({
      readiness: {
        state: 'warming',
        pictures: 4,
        missing: 16,
        accepted: 4,
        corrected: 0,
        editors: 1,
        heldOut: 0,
        newReviews: 4,
        reviewsSinceLastRun: 4,
      },
      schedule: { isEnabled: true, cron: '0 3 * * *', newReviews: 20, minimumSamples: 20 },
      activeRun: null,
      lastRun: null,
      champion: null,
      curve: {
        groups: [
          {
            from: expect.any(String) as string,
            to: expect.any(String) as string,
            reviews: 4,
            acceptRate: 1,
            editDistance: 0,
          },
        ],
        promotions: [],
        days: [{ date: new Date().toISOString().slice(0, 10), reviews: 4, acceptRate: 1, editDistance: 0 }],
        mappers: [{ mapperId: 'base', name: 'demo', reviews: 4, acceptRate: 1, editDistance: 0 }],
      },
    });
    const refused = await caller.send('POST', '/v1/training-runs');
    expect(await problemOf(refused)).toMatchObject({
      status: 409,
      detail: '16 more reviewed pictures are needed to learn from',
    });
  });

  it('keeps a timetable that means something', async () => {
    const caller = await api.caller();
    const schedule = { isEnabled: true, cron: '*/15 6-18 * * 1-5', newReviews: null, minimumSamples: 24 };
    expect(await body(await caller.send('PUT', '/v1/learning/schedule', schedule))).toEqual(schedule);
    expect((await caller.get<Learning>('/v1/learning')).schedule).toEqual(schedule);
    for (const cron of ['every day', '* * * *', '60 * * * *', '0 3 * * * *', '5-1 * * * *', '*/0 * * * *', '@daily']) {
      const answer = await caller.send('PUT', '/v1/learning/schedule', { ...schedule, cron });
      expect((await problemOf(answer)).status, cron).toBe(400);
    }
    const few = await caller.send('PUT', '/v1/learning/schedule', { ...schedule, minimumSamples: 19 });
    expect(await problemOf(few)).toMatchObject({
      status: 400,
      errors: [{ path: 'minimumSamples', message: 'expected 20 or more: from fewer pictures nothing is promoted' }],
    });
    const fewest = { ...schedule, minimumSamples: 20 };
    expect(await body(await caller.send('PUT', '/v1/learning/schedule', fewest))).toEqual(fewest);
  });

  it('runs, shows the run live and afterwards, and another mapper writes', async () => {
    const caller = await api.caller();
    await reviewPictures(api.test, caller.tenant, 20);
    const stream = await openEventStream(`${api.url}/v1/suggestions/stream`, { authorization: `Bearer ${caller.key}` });
    await stream.of('ready', 1);
    const asked = await caller.send('POST', '/v1/training-runs');
    expect(asked.status).toBe(202);
    const run = (await asked.json()) as TrainingRun;
    expect(run).toMatchObject({ status: 'requested', trigger: 'demand', requestedBy: expect.any(String) as string });
    expect((await post<TrainingRun>(caller, '/v1/training-runs')).id).toBe(run.id);

    const held = await begin(caller, run);
    await lifecycle.report(held, { stage: 'training', step: 5, steps: 10, loss: 1.5 }, [{ step: 5, loss: 1.5 }]);
    expect((await caller.get<Learning>('/v1/learning')).activeRun).toMatchObject({
      status: 'running',
      counts: { training: 20, corrected: 0, holdOut: 0 },
      progress: { stage: 'training', step: 5, steps: 10, loss: 1.5 },
    });
    await lifecycle.finish(held, { status: 'failed', reason: 'it broke' });
    const championId = await trainAndPromote(caller);

    const updates = (await stream.of('training.updated', 4)).map(({ data }) => (data as TrainingRun).status);
    expect(updates.slice(0, 2)).not.toContain('promoted');
    const [promoted] = await stream.of('mapper.promoted', 1);
    expect(promoted!.data).toMatchObject({ mapperId: championId, kind: 'training' });
    stream.close();

    const { items } = await caller.get<TrainingRunPage>('/v1/training-runs');
    expect(items.map(({ status }) => status)).toEqual(['promoted', 'failed']);
    const detail = await caller.get<TrainingRunDetail>(`/v1/training-runs/${items[0]!.id}`);
    expect(detail).toMatchObject({
      figures: { ...FIGURES, candidate: { ...FIGURES.candidate, cider: null } },
      curve: [{ step: 1, loss: 2.5 }],
      examples: [
        {
          previewUrl: expect.stringMatching(/^\/v1\/assets\/.+\/preview$/) as string,
          reference: 'Boat, red.',
          before: 'A boat.',
          after: 'Boat, red.',
        },
      ],
      mapper: { id: championId, name: 'Version 1' },
      trainableParameters: 4096,
    });
    const { items: mappers, latestPromotion, rollbackTo } = await caller.get<MapperList>('/v1/mappers');
    expect(mappers).toMatchObject([
      { id: championId, isChampion: true, kind: 'delta', trainingRunId: items[0]!.id, figures: { nHoldOut: 1 } },
    ]);
    expect(latestPromotion).toMatchObject({ mapperId: championId, kind: 'training' });
    expect(rollbackTo).toEqual({ mapperId: null, name: 'demo' });
    expect(await caller.get<Learning>('/v1/learning')).toMatchObject({
      curve: {
        groups: [{ reviews: 10 }, { reviews: 10 }],
        promotions: [{ mapperId: championId, name: 'Version 1', kind: 'training', reviewsBefore: 20 }],
      },
      champion: { id: championId, name: 'Version 1' },
      activeRun: null,
      lastRun: { status: 'promoted' },
    });
  });

  it('cancels a run', async () => {
    const caller = await api.caller();
    await reviewPictures(api.test, caller.tenant, 20);
    const { id } = await post<TrainingRun>(caller, '/v1/training-runs');
    const cancelled = await caller.send('POST', `/v1/training-runs/${id}/cancel`);
    expect([cancelled.status, ((await cancelled.json()) as TrainingRun).status]).toEqual([202, 'cancelled']);
    // the timetable's next run takes them, and twenty more start one before
    expect((await caller.get<Learning>('/v1/learning')).readiness).toMatchObject({
      newReviews: 20,
      reviewsSinceLastRun: 0,
    });
  });

  it('promotes and rolls back by hand', async () => {
    const caller = await api.caller();
    await reviewPictures(api.test, caller.tenant, 20);
    const [first, second] = [await trainAndPromote(caller), await trainAndPromote(caller)];
    expect((await caller.get<MapperList>('/v1/mappers')).rollbackTo).toEqual({ mapperId: first, name: 'Version 1' });
    expect(await post<MapperList>(caller, '/v1/mappers/rollback', {})).toMatchObject({
      championId: first,
      latestPromotion: { kind: 'rollback', reason: 'rolled back by hand' },
    });
    const again = await post<MapperList>(caller, `/v1/mappers/${second}/promote`, { reason: 'I like it' });
    expect(again).toMatchObject({ championId: second, latestPromotion: { kind: 'manual', reason: 'I like it' } });
    expect(await post<MapperList>(caller, '/v1/mappers/base/promote', {})).toMatchObject({ championId: null });
    const nowhere = await caller.send('POST', '/v1/mappers/nowhere/promote', {});
    expect((await problemOf(nowhere)).status).toBe(400);
    const fresh = await api.caller();
    expect(await problemOf(await fresh.send('POST', '/v1/mappers/rollback', {}))).toMatchObject({ status: 409 });
  });

  it('replaces only the champion that was meant', async () => {
    const caller = await api.caller();
    await reviewPictures(api.test, caller.tenant, 20);
    const [first, second] = [await trainAndPromote(caller), await trainAndPromote(caller)];
    const mappers = new MapperVersionRepository(api.test.database);
    await mappers.rollback(caller.tenant, 'edits grew', { isAutomatic: true, expected: second });

    const detail = 'Version 1 writes by now, so nothing was changed';
    for (const route of ['/v1/mappers/rollback', '/v1/mappers/base/promote']) {
      for (const expectedChampionId of [second, null]) {
        const late = await caller.send('POST', route, { expectedChampionId });
        expect(await problemOf(late), route).toMatchObject({ status: 409, code: 'conflict', detail });
      }
    }
    expect((await caller.get<MapperList>('/v1/mappers')).championId).toBe(first);

    const meant = { expectedChampionId: first.toUpperCase() };
    expect(await post<MapperList>(caller, '/v1/mappers/rollback', meant)).toMatchObject({ championId: null });
    const later = await caller.send('POST', `/v1/mappers/${second}/promote`, { expectedChampionId: first });
    expect((await problemOf(later)).detail).toBe('the base model’s own mapper writes by now, so nothing was changed');
    const fromBase = { expectedChampionId: null };
    const again = await post<MapperList>(caller, `/v1/mappers/${second}/promote`, fromBase);
    expect(again.championId).toBe(second);
  });

  it('erases, and says which mappers had learned from it', async () => {
    const caller = await api.caller();
    const pictures = await reviewPictures(api.test, caller.tenant, 20);
    const champion = await trainAndPromote(caller);
    const { suggestionId } = pictures[3]!;
    expect(await post<Erasure>(caller, '/v1/erasures', { suggestionId })).toEqual({
      captions: 1,
      mappers: [{ id: champion, name: 'Version 1', isChampion: true, isDirect: true }],
      cancelledRunId: null,
    });
    expect((await caller.fetch(`/v1/suggestions/${suggestionId}`)).status).toBe(404);
    const review = await caller.send('POST', `/v1/suggestions/${suggestionId}/review`, { decision: 'accepted' });
    expect(review.status).toBe(404);
    expect(await post<Erasure>(caller, '/v1/erasures', { everything: true })).toMatchObject({ captions: 20 });
    expect((await caller.get<Learning>('/v1/learning')).readiness).toMatchObject({ state: 'cold', pictures: 0 });
    expect((await problemOf(await caller.send('POST', '/v1/erasures', {}))).status).toBe(400);
  });
});

describe('who may', () => {
  it('is an admin, for everything that changes what is learned', async () => {
    const caller = await api.caller();
    const { key } = await new ApiKeyRepository(api.test.database).create(caller.tenant, 'an editor', [
      'upload',
      'review',
    ]);
    const editor = api.withKey(caller.tenant, key);
    const nowhere = '00000000-0000-4000-8000-000000000000';
    for (const [method, route, data] of [
      ['POST', '/v1/training-runs', undefined],
      ['POST', `/v1/training-runs/${nowhere}/cancel`, undefined],
      ['PUT', '/v1/learning/schedule', { isEnabled: false, cron: null, newReviews: null, minimumSamples: 20 }],
      ['POST', `/v1/mappers/${nowhere}/promote`, {}],
      ['POST', '/v1/mappers/rollback', {}],
      ['POST', '/v1/erasures', { everything: true }],
    ] as const) {
      expect((await problemOf(await editor.send(method, route, data))).status, route).toBe(403);
    }
    expect((await editor.fetch('/v1/learning')).status).toBe(200);
    expect((await editor.fetch('/v1/training-runs')).status).toBe(200);
  });

  it('sees and touches nothing of another tenant’s', async () => {
    const [caller, stranger] = [await api.caller(), await api.caller()];
    const pictures = await reviewPictures(api.test, caller.tenant, 20);
    const champion = await trainAndPromote(caller);
    const { id } = await post<TrainingRun>(caller, '/v1/training-runs');
    expect((await stranger.get<TrainingRunPage>('/v1/training-runs')).items).toEqual([]);
    expect((await stranger.get<Learning>('/v1/learning')).readiness.pictures).toBe(0);
    for (const answer of [
      await stranger.fetch(`/v1/training-runs/${id}`),
      await stranger.send('POST', `/v1/training-runs/${id}/cancel`),
      await stranger.send('POST', `/v1/mappers/${champion}/promote`, {}),
      await stranger.send('POST', '/v1/erasures', { suggestionId: pictures[0]!.suggestionId }),
      await stranger.send('POST', '/v1/erasures', { assetId: pictures[0]!.assetRowId }),
    ]) {
      expect(answer.status).toBe(404);
    }
    expect((await caller.get<TrainingRunDetail>(`/v1/training-runs/${id}`)).status).toBe('requested');
  });
});
