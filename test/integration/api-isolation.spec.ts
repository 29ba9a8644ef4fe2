import { randomUUID } from 'node:crypto';
import { MapperVersionRepository, TrainingRunRepository } from '@housestyle/database';
import type { ApiKeyList, AssetPage, MapperList, Problem, Session, SuggestionPage } from '@housestyle/contracts';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  captionAssets,
  failAsset,
  problemOf,
  startTestApi,
  type TestApi,
  type TestCaller,
} from '../support/running-api.js';
import { fillEveryTable, tenantTables } from './tenant-rows.js';
import { withoutTenantFilters, type Unfiltered } from './unfiltered-database.js';

interface Operation {
  readonly method: string;
  readonly route: string;
}

type Ids = Readonly<Record<string, string>>;

/**
 * Whose id stands behind which segment of a path. Every documented route that takes an id is tried with another tenant's;
 * a route of a new kind fails here until its table stands in this list, and its body, if it needs one, in the next.
 */
const TABLE_OF_SEGMENT: Readonly<Record<string, string>> = {
  assets: 'asset',
  suggestions: 'suggestion',
  'api-keys': 'api_key',
  mappers: 'mapper_version',
  'training-runs': 'training_run',
  webhooks: 'webhook',
  deliveries: 'webhook_delivery',
};

/** A body that passes validation, for the routes that need one: otherwise a 400 would hide a missing 404. */
const VALID_BODIES: Readonly<Record<string, unknown>> = {
  'POST /v1/suggestions/{id}/review': { decision: 'rejected' },
  'POST /v1/mappers/{id}/promote': {},
};

/** Ids that are not in a path but in a body, and the table they come from. */
const BODIES_WITH_IDS: Readonly<Record<string, { property: string; table: string }[]>> = {
  'POST /v1/erasures': [
    { property: 'suggestionId', table: 'suggestion' },
    { property: 'assetId', table: 'asset' },
  ],
};

/** Names of ours that end in Id and are no row's id. */
const IDS_OF_THE_LIBRARY = ['POST /v1/assets assetId'];

/** Compared with the caller's own champion, and looked up nowhere. */
const IDS_COMPARED = [
  'POST /v1/mappers/rollback expectedChampionId',
  'POST /v1/mappers/{id}/promote expectedChampionId',
];

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

const CANARY = `canary${randomUUID().replaceAll('-', '')}`;

/** An api, two tenants, one with a row of its own in every table, and every documented operation. */
interface House {
  readonly api: TestApi;
  readonly owner: TestCaller;
  readonly stranger: TestCaller;
  readonly operations: readonly Operation[];
  /** the owner's, by table */
  readonly ids: Ids;
  readonly document: { readonly paths: Record<string, Record<string, object>>; readonly components: object };
}

async function openHouse(start: () => Promise<TestApi>): Promise<House> {
  const api = await start();
  const owner = await api.caller('Owner');
  const stranger = await api.caller('Stranger');
  await captionAssets(api.test, owner.tenant, 2, CANARY);
  await failAsset(api.test, owner.tenant);
  await new MapperVersionRepository(api.test.database).register(owner.tenant, MAPPER);
  await new TrainingRunRepository(api.test.database).request(owner.tenant, 'demand');
  const ids = await idsOf(api, owner);
  const document = (await (await fetch(`${api.url}/docs-json`)).json()) as House['document'];
  const operations = Object.entries(document.paths).flatMap(([route, methods]) =>
    Object.keys(methods).map((method) => ({ method: method.toUpperCase(), route })),
  );
  return { api, owner, stranger, operations, ids, document };
}

async function idsOf(api: TestApi, { tenant }: TestCaller): Promise<Ids> {
  const admin = new pg.Client({ connectionString: api.test.adminUrl });
  await admin.connect();
  try {
    await fillEveryTable(admin, tenant, CANARY, { onlyEmpty: true });
    const ids: Record<string, string> = {};
    for (const table of await tenantTables(admin)) {
      const order = table === 'asset' ? 'ORDER BY captioned_at NULLS LAST' : '';
      const { rows } = await admin.query<{ row: { id?: string | number } }>(
        `SELECT to_jsonb("${table}") AS row FROM "${table}" WHERE tenant_id = $1 ${order} LIMIT 1`,
        [tenant],
      );
      if (typeof rows[0]?.row.id === 'string') ids[table] = rows[0].row.id;
    }
    return ids;
  } finally {
    await admin.end();
  }
}

const nameOf = ({ method, route }: Operation): string => `${method} ${route}`;
const withId = ({ operations }: House) => operations.filter(({ route }) => route.includes('{'));

/** The path with an id for every placeholder: the owner's, or nobody's. */
function pathOf({ route }: Operation, ids: Ids, nobodys?: string): string {
  const segments = route.split('/');
  return segments
    .map((segment, index) => {
      if (!segment.startsWith('{')) return segment;
      const table = TABLE_OF_SEGMENT[segments[index - 1]!];
      if (!table) throw new Error(`${route}: say in TABLE_OF_SEGMENT which table's ids follow ${segments[index - 1]}`);
      return nobodys ?? ids[table]!;
    })
    .join('/');
}

const call = (by: TestCaller, operation: Operation, path: string) =>
  by.send(operation.method, path, VALID_BODIES[nameOf(operation)]);

const withoutIds = (problem: Problem, ids: readonly string[]): string =>
  ids.reduce((text, id) => text.replaceAll(id, 'ID'), JSON.stringify(problem));

/** Everything a tenant has, as the superuser sees it; only when something last happened to it is left out. */
async function everythingOf({ api, owner, ids }: House): Promise<Record<string, unknown[]>> {
  const tables = Object.keys(ids);
  const rows = await Promise.all(
    tables.map((table) =>
      api.test.query(
        `SELECT to_jsonb("${table}") - 'last_used_at' AS row FROM "${table}" WHERE tenant_id = $1 ORDER BY 1`,
        [owner.tenant],
      ),
    ),
  );
  return Object.fromEntries(tables.map((table, index) => [table, rows[index]!]));
}

let unfiltered: Unfiltered;

describe.each([
  ['as it is', () => startTestApi()],
  [
    'with every code-level tenant filter taken out',
    () =>
      startTestApi({}, (database) => {
        unfiltered = withoutTenantFilters(database);
        return unfiltered.database;
      }),
  ],
])('tenants apart, the api %s', (_, start) => {
  let house: House;
  beforeAll(async () => {
    house = await openHouse(start);
  });
  afterAll(() => house.api.stop());

  it('answers every documented route that takes an id with 404 for another tenant’s, as for nobody’s', async () => {
    const before = await everythingOf(house);
    expect(withId(house).length).toBeGreaterThanOrEqual(11);
    for (const operation of withId(house)) {
      const nobodys = randomUUID();
      const foreign = await problemOf(await call(house.stranger, operation, pathOf(operation, house.ids)));
      const missing = await problemOf(await call(house.stranger, operation, pathOf(operation, house.ids, nobodys)));
      expect(foreign, nameOf(operation)).toMatchObject({ status: 404, code: 'not_found' });
      expect(withoutIds(foreign, Object.values(house.ids))).toBe(withoutIds(missing, [nobodys]));
    }
    expect(await everythingOf(house)).toEqual(before);
  });

  it('answers 404 for another tenant’s id in a body, too, and knows every body that has one', async () => {
    const before = await everythingOf(house);
    for (const [name, properties] of Object.entries(BODIES_WITH_IDS)) {
      const [method, route] = name.split(' ') as [string, string];
      for (const { property, table } of properties) {
        const nobodys = randomUUID();
        const [foreign, missing] = [
          await problemOf(await house.stranger.send(method, route, { [property]: house.ids[table] })),
          await problemOf(await house.stranger.send(method, route, { [property]: nobodys })),
        ];
        expect(foreign, `${name} ${property}`).toMatchObject({ status: 404, code: 'not_found' });
        expect(withoutIds(foreign, Object.values(house.ids))).toBe(withoutIds(missing, [nobodys]));
      }
    }
    expect(await everythingOf(house)).toEqual(before);
    const known = Object.entries(BODIES_WITH_IDS).flatMap(([name, all]) =>
      all.map((each) => `${name} ${each.property}`),
    );
    expect(idsInBodies(house).sort()).toEqual([...known, ...IDS_OF_THE_LIBRARY, ...IDS_COMPARED].sort());
  });

  it('answers the owner on the same routes', async () => {
    for (const operation of withId(house).filter(({ method }) => method === 'GET')) {
      const { status } = await call(house.owner, operation, pathOf(operation, house.ids));
      const expected = operation.route.endsWith('/interpretation') ? WITHOUT_CAPTIONER : 200;
      expect(status, operation.route).toBe(expected);
    }
  });

  it('lists and counts nothing of anybody else on any route', async () => {
    const { stranger } = house;
    expect((await stranger.get<AssetPage>('/v1/assets')).items).toEqual([]);
    expect((await stranger.get<SuggestionPage>('/v1/suggestions')).items).toEqual([]);
    expect((await stranger.get<MapperList>('/v1/mappers')).items).toEqual([]);
    expect((await stranger.get<ApiKeyList>('/v1/api-keys')).items).toHaveLength(1);
    const { counts } = await stranger.get<Session>('/v1/session');
    expect(counts.assets).toEqual({ received: 0, captioned: 0, failed: 0 });
    expect(counts.suggestions).toEqual({ pending: 0, accepted: 0, corrected: 0, rejected: 0 });
    const foreign = [CANARY, house.owner.tenant, ...Object.values(house.ids)];
    for (const text of await readEverything(house)) for (const each of foreign) expect(text).not.toContain(each);
  });

  it('pages by a cursor of another tenant through its own rows only', async () => {
    const { nextCursor } = await house.owner.get<AssetPage>('/v1/assets?limit=1');
    expect((await house.stranger.get<AssetPage>(`/v1/assets?cursor=${nextCursor!}`)).items).toEqual([]);
  });

  it('lands the same asset id for two tenants as two assets', async () => {
    const announce = { uri: 'https://pictures.example/same.jpg', assetId: 'same' };
    const ids = [];
    for (const by of [house.owner, house.stranger]) {
      const answer = await by.send('POST', '/v1/assets', announce);
      ids.push(((await answer.json()) as AssetPage).items[0]!.id);
    }
    expect(new Set(ids).size).toBe(2);
  });
});

/** What the stranger gets from every route that takes no id and only reads. */
async function readEverything({ operations, stranger }: House): Promise<string[]> {
  const reads = operations.filter(({ method, route }) => method === 'GET' && !/\{|\/stream$/.test(route));
  expect(reads.length).toBeGreaterThanOrEqual(8);
  return Promise.all(reads.map(async ({ route }) => (await stranger.fetch(route)).text()));
}

/** `POST /v1/things thingId` for every property of a documented body that is named as an id. */
function idsInBodies({ document, operations }: House): string[] {
  const found = operations.flatMap((operation) => {
    const { requestBody } = document.paths[operation.route]![operation.method.toLowerCase()] as {
      requestBody?: object;
    };
    const schema = JSON.stringify(requestBody ?? {}).replace(/"\$ref":"#\/components\/schemas\/(\w+)"/g, (_, name) =>
      JSON.stringify((document.components as { schemas: Record<string, object> }).schemas[name as string]).slice(1, -1),
    );
    return [...schema.matchAll(/"(\w*Ids?)":\{/g)].map(([, property]) => `${nameOf(operation)} ${property}`);
  });
  return [...new Set(found)];
}

describe('the api with its filters taken out', () => {
  it('had many to take out, and leaks as soon as row-level security is off as well', async () => {
    const house = await openHouse(() =>
      startTestApi({}, (database) => {
        unfiltered = withoutTenantFilters(database);
        return unfiltered.database;
      }),
    );
    try {
      for (const table of [...Object.keys(house.ids), 'tenant', 'review', 'embedding', 'preview']) {
        await house.api.test.query(`ALTER TABLE "${table}" DISABLE ROW LEVEL SECURITY`);
      }
      const leaking: string[] = [];
      for (const operation of withId(house).filter(({ method }) => method === 'GET')) {
        const { status } = await call(house.stranger, operation, pathOf(operation, house.ids));
        if (status !== 404) leaking.push(operation.route);
      }
      expect(leaking).toEqual(expect.arrayContaining(['/v1/assets/{id}', '/v1/suggestions/{id}']));
      const review = { method: 'POST', route: '/v1/suggestions/{id}/review' };
      const { items } = await house.stranger.get<AssetPage>('/v1/assets');
      expect(items.length).toBeGreaterThanOrEqual(3);
      expect((await readEverything(house)).filter((text) => text.includes(CANARY)).length).toBeGreaterThanOrEqual(2);
      expect((await call(house.stranger, review, pathOf(review, house.ids))).status).not.toBe(404);
      console.log(`${leaking.length} routes with an id, and the lists, leak without filters and policies`);
      expect(unfiltered.removed()).toBeGreaterThan(20);
    } finally {
      await house.api.stop();
    }
  });
});

describe('without a key', () => {
  it('no documented route is open but the few that are public', async () => {
    const house = await openHouse(() => startTestApi());
    try {
      const open = [];
      for (const { method, route } of house.operations) {
        const answer = await fetch(house.api.url + route.replaceAll(/\{\w+\}/g, randomUUID()), { method });
        await answer.body?.cancel();
        if (answer.status !== 401) open.push(`${method} ${route}`);
      }
      expect(open.sort()).toEqual(['DELETE /v1/session', 'GET /healthz', 'GET /readyz', 'POST /v1/session']);
    } finally {
      await house.api.stop();
    }
  });
});
