import { randomBytes, randomInt } from 'node:crypto';
import { MapperVersionRepository, TrainingRunRepository } from '@housestyle/database';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { captionAssets, failAsset, startTestApi, type TestApi, type TestCaller } from '../support/running-api.js';
import { waitFor } from '../support/wait-for.js';
import { fillEveryTable, tenantTables } from './tenant-rows.js';
import { fewOrMany, RUN_TIMEOUT_MS } from './tenant-run.js';

const TENANTS = 50;
const ASSETS_EACH = 2;
const RESPONSES = fewOrMany(1_000, 200_000);
const AT_ONCE = 40;
const PROGRESS_EVERY = 10_000;
/** of a hundred requests, those that name another tenant's row */
const FOREIGN_IDS_PERCENT = 15;

const CANARIES = /canary[0-9a-f]{24}/g;

interface Library {
  readonly caller: TestCaller;
  readonly canary: string;
  /** of its own rows, by table; a few of each */
  readonly ids: Readonly<Record<string, string[]>>;
}

interface Tally {
  responses: number;
  withOwn: number;
  foreign: number;
  notFound: number;
  failed: number;
}

const TABLE_OF_SEGMENT: Readonly<Record<string, string>> = {
  assets: 'asset',
  suggestions: 'suggestion',
  'training-runs': 'training_run',
  webhooks: 'webhook',
};

let api: TestApi;
let admin: pg.Client;
let libraries: Library[];
let reads: string[];

beforeAll(async () => {
  // a pool of ten connections for each role, as every api has; nothing here is about rates
  api = await startTestApi({ RATE_LIMIT_PER_KEY: '1000000000', RATE_LIMIT_PER_TENANT: '1000000000' });
  admin = new pg.Client({ connectionString: api.test.adminUrl });
  await admin.connect();
  libraries = [];
  for (let index = 0; index < TENANTS; index++) libraries.push(await openLibrary());
  const { paths } = (await (await fetch(`${api.url}/docs-json`)).json()) as { paths: Record<string, object> };
  reads = Object.entries(paths)
    .filter(
      ([route, methods]) => 'get' in methods && route.startsWith('/v1/') && !/stream$|interpretation$/.test(route),
    )
    .map(([route]) => route)
    .filter((route) => !route.includes('{') || TABLE_OF_SEGMENT[route.split('/')[2]!] !== undefined);
}, RUN_TIMEOUT_MS);
afterAll(async () => {
  await admin.end();
  await api.stop();
});

/** A tenant whose every text, name, message and picture holds a word of its own. */
async function openLibrary(): Promise<Library> {
  const canary = `canary${randomBytes(12).toString('hex')}`;
  const caller = await api.caller(`The library of ${canary}`);
  const { tenant } = caller;
  await captionAssets(api.test, tenant, ASSETS_EACH, canary);
  await failAsset(api.test, tenant, `${canary}.jpg`);
  await new MapperVersionRepository(api.test.database).register(tenant, {
    baseModel: 'demo',
    baseSha256: 'ab'.repeat(32),
    key: canary,
    kind: 'delta',
    name: canary,
    sha256: canary,
  });
  await new TrainingRunRepository(api.test.database).request(tenant, 'demand', canary);
  await fillEveryTable(admin, tenant, canary, { onlyEmpty: true });
  for (const sql of [
    `UPDATE suggestion SET text = $2 || text, hypotheses = jsonb_set(hypotheses, '{0,text}', to_jsonb($2::text))`,
    `UPDATE asset SET uri = uri || $2, context = jsonb_build_object('note', $2::text),
       error_message = CASE WHEN status = 'failed' THEN $2 END`,
    `UPDATE preview SET bytes = convert_to($2, 'UTF8')`,
  ]) {
    await admin.query(`${sql} WHERE tenant_id = $1`, [tenant, canary]);
  }
  const ids: Record<string, string[]> = {};
  for (const table of (await tenantTables(admin)).filter((name) => Object.values(TABLE_OF_SEGMENT).includes(name))) {
    const { rows } = await admin.query<{ id: string }>(`SELECT id FROM "${table}" WHERE tenant_id = $1`, [tenant]);
    ids[table] = rows.map(({ id }) => id);
  }
  return { caller, canary, ids };
}

const oneOf = <T>(items: readonly T[]): T => items[randomInt(items.length)]!;

/** One request of a random tenant, now and then for another one's row; what came back is counted by whose words it has. */
async function ask(tally: Tally): Promise<void> {
  const library = oneOf(libraries);
  const isForeign = randomInt(100) < FOREIGN_IDS_PERCENT;
  const owner = isForeign ? oneOf(libraries.filter((each) => each !== library)) : library;
  const isWrite = randomInt(10) === 0;
  const answer = await again(() => (isWrite ? write(library, owner) : read(library, owner)));
  const text = await answer.text();
  const words = [...text.matchAll(CANARIES)].map(([word]) => word);
  tally.responses += 1;
  if (words.some((word) => word !== library.canary)) tally.foreign += 1;
  if (words.includes(library.canary)) tally.withOwn += 1;
  if (answer.status === 404) tally.notFound += 1;
  else if (!answer.ok) tally.failed += 1;
  if (tally.responses % PROGRESS_EVERY === 0) console.log(JSON.stringify(tally));
}

/** Once more where a connection was cut, as one is that stood idle while the machine was busy elsewhere. */
async function again(request: () => Promise<Response>): Promise<Response> {
  try {
    return await request();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return request();
  }
}

function read(library: Library, owner: Library): Promise<Response> {
  const route = oneOf(reads).replace(/\/([\w-]+)\/\{\w+\}/g, (_, segment: string) => {
    return `/${segment}/${oneOf(owner.ids[TABLE_OF_SEGMENT[segment]!]!)}`;
  });
  return library.caller.fetch(route);
}

/** The words that are written are the writer's own, whosever row is named. */
function write(library: Library, owner: Library): Promise<Response> {
  const route = `/v1/suggestions/${oneOf(owner.ids['suggestion']!)}/review`;
  if (randomInt(4) === 0) return library.caller.send('DELETE', route);
  return library.caller.send('POST', route, { decision: 'corrected', text: `${library.canary} ${randomInt(1e6)}` });
}

/** A tenant's live events, read as they come. */
async function listenTo(
  { caller }: Library,
  signal: AbortSignal,
): Promise<{ text: () => string; ended: Promise<void> }> {
  let text = '';
  const response = await caller.fetch('/v1/suggestions/stream', { signal });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  const ended = (async () => {
    for (let part = await reader.read(); !part.done; part = await reader.read()) text += part.value;
  })().catch(() => undefined);
  return { text: () => text, ended };
}

describe(`${TENANTS} tenants over ten connections`, () => {
  it(
    `get nothing of each other in ${RESPONSES} responses, nor in their live events`,
    async () => {
      const listening = new AbortController();
      const streams = await Promise.all(libraries.map((library) => listenTo(library, listening.signal)));
      const tally: Tally = { responses: 0, withOwn: 0, foreign: 0, notFound: 0, failed: 0 };
      let left = RESPONSES;
      const worker = async (): Promise<void> => {
        while (left-- > 0) await ask(tally);
      };
      const begun = performance.now();
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
      const seconds = (performance.now() - begun) / 1000;

      const eventsOf = (text: string): number => [...text.matchAll(/^event: /gm)].length;
      await waitFor('live events', () => streams.every(({ text }) => eventsOf(text()) > 0), { timeoutMs: 60_000 });
      listening.abort();
      await Promise.all(streams.map(({ ended }) => ended));
      const events = streams.reduce((sum, { text }) => sum + eventsOf(text()), 0);
      const foreignEvents = libraries.flatMap((library, index) => {
        const text = streams[index]!.text();
        const strangers = libraries.filter((each) => each !== library);
        const isForeign = (each: Library) =>
          text.includes(each.canary) || each.ids['suggestion']!.some((id) => text.includes(id));
        return strangers.filter(isForeign);
      });
      console.log(
        JSON.stringify({ ...tally, events, foreignEvents: foreignEvents.length, routes: reads.length, seconds }),
      );

      expect(tally.foreign).toBe(0);
      expect(foreignEvents).toEqual([]);
      expect(tally.failed).toBe(0);
      expect(tally.responses).toBe(RESPONSES);
      // the words are there to be seen
      expect(tally.withOwn).toBeGreaterThan(RESPONSES / 3);
      expect(tally.notFound).toBeGreaterThan(RESPONSES / 100);
    },
    RUN_TIMEOUT_MS,
  );

  it('hold nothing of each other in any table afterwards', async () => {
    const canaryOf = new Map<string, string>(libraries.map(({ caller, canary }) => [caller.tenant, canary]));
    let rows = 0;
    for (const table of await tenantTables(admin)) {
      const { rows: texts } = await admin.query<{ tenant_id: string; text: string }>(
        `SELECT tenant_id, to_jsonb("${table}")::text AS text FROM "${table}"`,
      );
      for (const { tenant_id, text } of texts) {
        rows += 1;
        for (const [word] of text.matchAll(CANARIES)) expect(word, table).toBe(canaryOf.get(tenant_id));
      }
    }
    expect(rows).toBeGreaterThan(TENANTS * 20);
  });
});
