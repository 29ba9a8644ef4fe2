import { randomUUID } from 'node:crypto';
import { MapperVersionRepository, TrainingRunRepository } from '@housestyle/database';
import type { ApiKeyList, AssetPage, MapperList, Session, SuggestionPage } from '@housestyle/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  captionAssets,
  failAsset,
  problemOf,
  startTestApi,
  type TestApi,
  type TestCaller,
} from '../support/running-api.js';

interface Operation {
  readonly method: string;
  readonly route: string;
}

/** A body that passes validation, for the routes that need one: otherwise a 400 would hide a missing 404. */
const VALID_BODIES: Readonly<Record<string, unknown>> = {
  'POST /v1/suggestions/{id}/review': { decision: 'rejected' },
  'POST /v1/mappers/{id}/promote': {},
};

/** What a route that asks a captioner answers whoever may ask it. */
const WITHOUT_CAPTIONER = 503;

const MAPPER = {
  baseModel: 'demo',
  baseSha256: 'ab'.repeat(32),
  key: 'm/1',
  kind: 'delta',
  name: 'first',
  sha256: '1'.repeat(64),
} as const;

let api: TestApi;
let owner: TestCaller;
let stranger: TestCaller;
let operations: Operation[];
let ownersIds: Record<'assets' | 'suggestions' | 'api-keys' | 'mappers' | 'training-runs', string>;

beforeAll(async () => {
  api = await startTestApi();
  owner = await api.caller('Owner');
  stranger = await api.caller('Stranger');
  await captionAssets(api.test, owner.tenant, 2);
  await failAsset(api.test, owner.tenant);
  ownersIds = {
    assets: (await owner.get<AssetPage>('/v1/assets?status=captioned')).items[0]!.id,
    suggestions: (await owner.get<SuggestionPage>('/v1/suggestions')).items[0]!.id,
    'api-keys': (await owner.get<ApiKeyList>('/v1/api-keys')).items[0]!.id,
    mappers: (await new MapperVersionRepository(api.test.database).register(owner.tenant, MAPPER)).id,
    'training-runs': (await new TrainingRunRepository(api.test.database).request(owner.tenant, 'demand')).run.id,
  };
  const { paths } = (await (await fetch(`${api.url}/docs-json`)).json()) as { paths: Record<string, object> };
  operations = Object.entries(paths).flatMap(([route, methods]) =>
    Object.keys(methods).map((method) => ({ method: method.toUpperCase(), route })),
  );
});
afterAll(() => api.stop());

const call = (by: TestCaller, { method, route }: Operation, id: string) =>
  by.send(method, route.replace('{id}', id), VALID_BODIES[`${method} ${route}`]);

const idFor = ({ route }: Operation): string => {
  const kind = route.split('/')[2] as keyof typeof ownersIds;
  expect(ownersIds, `no id to try on ${route}`).toHaveProperty(kind);
  return ownersIds[kind];
};

const asJson = async () => ({
  assets: await owner.get('/v1/assets'),
  suggestions: await owner.get('/v1/suggestions'),
  keys: (await owner.get<ApiKeyList>('/v1/api-keys')).items.map(({ id, revokedAt }) => [id, revokedAt]),
});

describe('tenants apart', () => {
  it('answers every documented route that takes an id with 404 for another tenant’s, as for nobody’s', async () => {
    const withId = operations.filter(({ route }) => route.includes('{'));
    expect(withId.map(({ method, route }) => `${method} ${route}`).sort()).toEqual([
      'DELETE /v1/api-keys/{id}',
      'DELETE /v1/suggestions/{id}/review',
      'GET /v1/assets/{id}',
      'GET /v1/assets/{id}/preview',
      'GET /v1/suggestions/{id}',
      'GET /v1/suggestions/{id}/interpretation',
      'GET /v1/training-runs/{id}',
      'POST /v1/api-keys/{id}/rotate',
      'POST /v1/mappers/{id}/promote',
      'POST /v1/suggestions/{id}/review',
      'POST /v1/training-runs/{id}/cancel',
    ]);
    const before = await asJson();
    for (const operation of withId) {
      const id = idFor(operation);
      const nobodys = randomUUID();
      const foreign = await problemOf(await call(stranger, operation, id));
      const missing = await problemOf(await call(stranger, operation, nobodys));
      expect(foreign, JSON.stringify(operation)).toMatchObject({ status: 404, code: 'not_found' });
      expect(JSON.stringify(foreign).replaceAll(id, 'ID')).toBe(JSON.stringify(missing).replaceAll(nobodys, 'ID'));
    }
    expect(await asJson()).toEqual(before);
  });

  it('answers the owner on the same routes', async () => {
    const readable = operations.filter(({ method, route }) => method === 'GET' && route.includes('{'));
    for (const operation of readable) {
      const { status } = await call(owner, operation, idFor(operation));
      expect(status, operation.route).toBe(operation.route.endsWith('/interpretation') ? WITHOUT_CAPTIONER : 200);
    }
  });

  it('lists and counts nothing of anybody else', async () => {
    expect((await stranger.get<AssetPage>('/v1/assets')).items).toEqual([]);
    expect((await stranger.get<SuggestionPage>('/v1/suggestions')).items).toEqual([]);
    expect((await stranger.get<MapperList>('/v1/mappers')).items).toEqual([]);
    expect((await stranger.get<ApiKeyList>('/v1/api-keys')).items).toHaveLength(1);
    const { counts } = await stranger.get<Session>('/v1/session');
    expect(counts.assets).toEqual({ received: 0, captioned: 0, failed: 0 });
    expect(counts.suggestions).toEqual({ pending: 0, accepted: 0, corrected: 0, rejected: 0 });
  });

  it('pages by a cursor of another tenant through its own rows only', async () => {
    const { nextCursor } = await owner.get<AssetPage>('/v1/assets?limit=1');
    expect((await stranger.get<AssetPage>(`/v1/assets?cursor=${nextCursor!}`)).items).toEqual([]);
  });

  it('lands the same asset id for two tenants as two assets', async () => {
    const announce = { uri: 'https://pictures.example/same.jpg', assetId: 'same' };
    const ids = [];
    for (const by of [owner, stranger]) {
      const answer = await by.send('POST', '/v1/assets', announce);
      ids.push(((await answer.json()) as AssetPage).items[0]!.id);
    }
    expect(new Set(ids).size).toBe(2);
  });

  it('opens no documented route without a key but the few that are public', async () => {
    const open = [];
    for (const { method, route } of operations) {
      const answer = await fetch(api.url + route.replace('{id}', randomUUID()), { method });
      await answer.body?.cancel();
      if (answer.status !== 401) open.push(`${method} ${route}`);
    }
    expect(open.sort()).toEqual(['DELETE /v1/session', 'GET /healthz', 'GET /readyz', 'POST /v1/session']);
  });
});
