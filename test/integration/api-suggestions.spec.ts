import type { AssetDetail, Session, Suggestion, SuggestionPage } from '@housestyle/contracts';
import { MapperVersionRepository } from '@housestyle/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { captionAssets, problemOf, startTestApi, type TestApi, type TestCaller } from '../support/running-api.js';

let api: TestApi;
let caller: TestCaller;

beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

const suggestionsOf = async (by: TestCaller, query = '') =>
  (await by.get<SuggestionPage>(`/v1/suggestions${query}`)).items;

const review = async (id: string, body: unknown): Promise<Suggestion> => {
  const answer = await caller.send('POST', `/v1/suggestions/${id}/review`, body);
  expect(answer.status).toBe(200);
  return (await answer.json()) as Suggestion;
};

describe('suggestions', () => {
  it('shows every hypothesis, who wrote it and how sure it was', async () => {
    caller = await api.caller();
    const [assetRowId] = await captionAssets(api.test, caller.tenant, 1);
    const [suggestion] = await suggestionsOf(caller);
    expect(suggestion).toEqual({
      id: expect.any(String) as string,
      asset: { id: assetRowId, assetId: 'shelf/0.jpg', version: '1', previewUrl: `/v1/assets/${assetRowId}/preview` },
      state: 'pending',
      caption: 'A red boat, number 0.',
      score: -0.25,
      confidence: Math.exp(-0.25),
      hypotheses: [
        { text: 'A red boat, number 0.', score: -0.25, confidence: Math.exp(-0.25) },
        { text: 'A boat, number 0.', score: -1, confidence: Math.exp(-1) },
      ],
      baseModel: 'demo',
      mapper: { id: 'base', name: 'demo' },
      generation: 'beam/5/67/mapper',
      createdAt: expect.any(String) as string,
      review: null,
    });
    expect(await caller.get(`/v1/suggestions/${suggestion!.id}`)).toEqual(suggestion);
  });

  it('pages through them, missing and repeating none, while reviews go on', async () => {
    caller = await api.caller();
    await captionAssets(api.test, caller.tenant, 9);
    const seen = new Set<string>();
    let query = '?limit=4';
    for (let pages = 1; query !== ''; pages++) {
      expect(pages).toBeLessThan(4);
      const { items, nextCursor } = await caller.get<SuggestionPage>(`/v1/suggestions${query}`);
      for (const { id } of items) seen.add(id);
      await review(items[0]!.id, { decision: 'accepted' });
      query = nextCursor === null ? '' : `?limit=4&cursor=${encodeURIComponent(nextCursor)}`;
    }
    expect(seen.size).toBe(9);
    expect(await suggestionsOf(caller, '?state=pending')).toHaveLength(6);
    expect(await suggestionsOf(caller, '?state=accepted')).toHaveLength(3);
  });
});

describe('reviews', () => {
  it('accepts, corrects and rejects; the last decision stands', async () => {
    caller = await api.caller();
    await captionAssets(api.test, caller.tenant, 3);
    const [a, b, c] = (await suggestionsOf(caller)) as [Suggestion, Suggestion, Suggestion];

    const accepted = await review(a.id, { decision: 'accepted', durationMs: 1200 });
    expect(accepted).toMatchObject({
      state: 'accepted',
      review: { decision: 'accepted', text: a.caption, durationMs: 1200 },
    });
    const corrected = await review(b.id, { decision: 'corrected', text: '  The boat “Alba”, 1920.  ' });
    expect(corrected).toMatchObject({
      state: 'corrected',
      caption: b.caption,
      review: { text: 'The boat “Alba”, 1920.', durationMs: null },
    });
    expect(await review(c.id, { decision: 'rejected' })).toMatchObject({ state: 'rejected', review: { text: null } });

    expect(await review(c.id, { decision: 'accepted' })).toMatchObject({ state: 'accepted' });
    expect(await caller.get(`/v1/suggestions/${b.id}`)).toEqual(corrected);
    const { counts } = await caller.get<Session>('/v1/session');
    expect(counts).toEqual({
      assets: { received: 0, captioned: 3, failed: 0 },
      suggestions: { pending: 0, accepted: 2, corrected: 1, rejected: 0 },
    });
    const asset = await caller.get<AssetDetail>(`/v1/assets/${a.asset.id}`);
    expect(asset.suggestions).toEqual([accepted]);
  });

  it('takes a decision back, once or twice', async () => {
    caller = await api.caller();
    await captionAssets(api.test, caller.tenant, 1);
    const [suggestion] = await suggestionsOf(caller);
    await review(suggestion!.id, { decision: 'rejected' });
    expect((await caller.send('DELETE', `/v1/suggestions/${suggestion!.id}/review`)).status).toBe(204);
    expect((await caller.send('DELETE', `/v1/suggestions/${suggestion!.id}/review`)).status).toBe(204);
    expect(await caller.get(`/v1/suggestions/${suggestion!.id}`)).toEqual(suggestion);
  });

  it('keeps its rules: a text with a correction, and with nothing else', async () => {
    caller = await api.caller();
    await captionAssets(api.test, caller.tenant, 1);
    const [suggestion] = await suggestionsOf(caller);
    const wrong = [
      {},
      { decision: 'maybe' },
      { decision: 'corrected' },
      { decision: 'corrected', text: '   ' },
      { decision: 'corrected', text: 'x'.repeat(2001) },
      { decision: 'accepted', text: 'A boat.' },
      { decision: 'rejected', text: 'A boat.' },
      { decision: 'accepted', durationMs: -1 },
      { decision: 'accepted', durationMs: 1.5 },
      { decision: 'accepted', reviewer: 'me' },
    ];
    for (const body of wrong) {
      const problem = await problemOf(await caller.send('POST', `/v1/suggestions/${suggestion!.id}/review`, body));
      expect(problem, JSON.stringify(body)).toMatchObject({ status: 400, code: 'invalid_request' });
    }
    expect(await caller.get(`/v1/suggestions/${suggestion!.id}`)).toEqual(suggestion);
  });
});

describe('mappers', () => {
  it('lists none while the base’s own writes, then versions and the champion', async () => {
    caller = await api.caller();
    expect(await caller.get('/v1/mappers')).toEqual({
      championId: null,
      latestPromotion: null,
      rollbackTo: null,
      items: [],
    });
    const mappers = new MapperVersionRepository(api.test.database);
    const draft = { baseModel: 'demo', baseSha256: 'ab'.repeat(32), key: 'm/1', kind: 'delta' } as const;
    const first = await mappers.register(caller.tenant, { ...draft, name: 'first', sha256: '1'.repeat(64) });
    await mappers.register(caller.tenant, { ...draft, name: 'second', sha256: '2'.repeat(64) });
    await mappers.promote(caller.tenant, first.id, 'it was better');
    expect(await caller.get('/v1/mappers')).toMatchObject({
      championId: first.id,
      items: [
        { name: 'second', isChampion: false, promotedAt: null },
        { name: 'first', isChampion: true, promotedAt: expect.any(String) as string },
      ],
    });
  });
});
