import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createApp, startApi, type RunningApi } from '@housestyle/api';
import type { Problem } from '@housestyle/contracts';
import { CaptionerClient } from '@housestyle/contracts/captioner';
import {
  CaptioningRepository,
  LandingRepository,
  LeaseRepository,
  newApiKey,
  type Database,
} from '@housestyle/database';
import { BASE_MAPPER_ID, type TenantId } from '@housestyle/domain';
import { openObjectStore } from '@housestyle/object-store';
import { readApiSettings, type ApiSettings } from '@housestyle/settings';
import { createLogger, Metrics } from '@housestyle/telemetry';
import { createTestDatabase, type TestDatabase } from './postgres.js';

/** One tenant's way in: its key, and requests made with it. */
export interface TestCaller {
  readonly tenant: TenantId;
  readonly key: string;
  fetch(route: string, init?: RequestInit): Promise<Response>;
  get<Body>(route: string): Promise<Body>;
  send(method: string, route: string, body?: unknown): Promise<Response>;
}

export interface TestApi extends RunningApi {
  readonly test: TestDatabase;
  /** a new tenant with a key of every scope */
  caller(name?: string): Promise<TestCaller>;
  /** the same tenant with another key */
  withKey(tenant: TenantId, key: string): TestCaller;
  /** keys of everything in the upload store */
  storedKeys(): Promise<string[]>;
  stop(): Promise<void>;
}

/**
 * The api as `main.ts` starts it, on a database and an upload folder of its own.
 * @param adapt given, the api is put together over what this makes of the database instead
 */
export async function startTestApi(
  environment: Readonly<Record<string, string>> = {},
  adapt?: (database: Database) => Database,
): Promise<TestApi> {
  const test = await createTestDatabase();
  const uploads = await mkdtemp(path.join(tmpdir(), 'housestyle-uploads-'));
  const settings = readApiSettings({
    DATABASE_URL: test.adminUrl,
    UPLOAD_STORE: uploads,
    PORT: '0',
    LOG_LEVEL: 'silent',
    ...environment,
  });
  const api = adapt
    ? await startApiOver(adapt(test.database), settings)
    : await startApi(settings, createLogger('api', settings.LOG_LEVEL));
  const withKey = (tenant: TenantId, key: string) => callerOf(api.url, tenant, key);
  return {
    ...api,
    test,
    withKey,
    async caller(name = 'A test tenant') {
      const { key } = newApiKey();
      return withKey(await test.provision({ name, apiKey: key }), key);
    },
    async storedKeys() {
      const entries = await readdir(uploads, { recursive: true, withFileTypes: true });
      return entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
    },
    async stop() {
      await api.close();
      await test.drop();
      await rm(uploads, { recursive: true, force: true });
    },
  };
}

async function startApiOver(database: Database, settings: ApiSettings): Promise<RunningApi> {
  const captioner = new CaptionerClient(settings.CAPTIONER_ADDRESS);
  const app = await createApp({
    settings,
    database,
    captioner,
    uploadStore: openObjectStore(settings.UPLOAD_STORE, { endpoint: undefined, region: undefined }),
    metrics: new Metrics('api'),
    logger: createLogger('api', settings.LOG_LEVEL),
  });
  await app.listen(0, settings.HOST);
  return {
    url: await app.getUrl(),
    async close() {
      await app.close();
      captioner.close();
    },
  };
}

function callerOf(url: string, tenant: TenantId, key: string): TestCaller {
  const send: TestCaller['fetch'] = (route, init = {}) =>
    fetch(url + route, { ...init, headers: { authorization: `Bearer ${key}`, ...init.headers } });
  return {
    tenant,
    key,
    fetch: send,
    async get<Body>(route: string) {
      const response = await send(route);
      if (!response.ok) throw new Error(`GET ${route}: ${response.status} ${await response.text()}`);
      return (await response.json()) as Body;
    },
    send: (method, route, body) =>
      send(route, {
        method,
        ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      }),
  };
}

/** Checks that an answer is a problem, the whole of it, and returns it. */
export async function problemOf(response: Response): Promise<Problem> {
  const type = response.headers.get('content-type') ?? '';
  if (!type.startsWith('application/problem+json')) {
    throw new Error(`expected a problem, got ${response.status} ${type}: ${await response.text()}`);
  }
  return (await response.json()) as Problem;
}

export const PREVIEW_BYTES = Buffer.from('not really a WebP, but nobody decodes it here');

/** Lands `count` assets of a tenant and captions them the way the pipeline does, without a model. */
export async function captionAssets({ database }: TestDatabase, tenant: TenantId, count: number, prefix = 'shelf') {
  const names = Array.from({ length: count }, (_, index) => `${prefix}/${index}.jpg`);
  await new LandingRepository(database).land(
    names.map((assetId) => ({ tenantId: tenant, assetId, version: '1', uri: `https://pictures.example/${assetId}` })),
  );
  const leases = await new LeaseRepository(database).lease(1000, 60_000, 'a test');
  const { completed } = await new CaptioningRepository(database).completeMany(
    tenant,
    leases
      .filter(({ tenantId }) => tenantId === tenant)
      .map(({ assetRowId, leaseToken }, index) => ({
        assetRowId,
        leaseToken,
        baseModel: 'demo',
        baseSha256: 'ab'.repeat(32),
        embedding: new Uint8Array(16),
        preview: { contentType: 'image/webp', width: 4, height: 3, bytes: PREVIEW_BYTES },
        width: 400,
        height: 300,
        mapperId: BASE_MAPPER_ID,
        generationKey: 'beam/5/67/mapper',
        hypotheses: [
          { text: `A red boat, number ${index}.`, score: -0.25, tokens: [32, 2266, 13], isStopped: true },
          { text: `A boat, number ${index}.`, score: -1, tokens: [32, 13], isStopped: true },
        ],
      })),
  );
  return completed;
}

/** Lands one asset and fails it, as the pipeline does with a picture it cannot read. */
export async function failAsset({ database }: TestDatabase, tenant: TenantId, assetId = 'broken.jpg'): Promise<string> {
  const uri = 'https://pictures.example/broken.jpg';
  await new LandingRepository(database).land([{ tenantId: tenant, assetId, version: '1', uri }]);
  const leases = await new LeaseRepository(database).lease(1000, 60_000, 'a test');
  const lease = leases.find(({ tenantId }) => tenantId === tenant);
  if (!lease) throw new Error('nothing was due');
  await new CaptioningRepository(database).fail(tenant, lease, { code: 'corrupt_image', message: 'it is torn' });
  return lease.assetRowId;
}
