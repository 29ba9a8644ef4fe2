import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CaptionSuggestedSchema, EVENT_TYPES } from '@housestyle/contracts';
import { LandingRepository } from '@housestyle/database';
import { MAX_ATTEMPTS, type TenantId } from '@housestyle/domain';
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, it } from 'vitest';
import { freePort } from '../support/free-port.js';
import { demoPixels, startCaptioner, type RunningCaptioner } from '../support/captioner.js';
import { describeWith } from '../support/describe-with.js';
import { publish, readTopic, startPipeline, uploadEvent, type RunningPipeline } from '../support/pipeline.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { requirements } from '../support/requirements.js';
import { waitFor } from '../support/wait-for.js';

const brokers = inject('kafkaBrokers');
const PICTURES = Array.from({ length: 6 }, (_, index) => `samples-0000${index}.png`);

interface Row extends Record<string, unknown> {
  asset_id: string;
  status: string;
  attempts: number;
  lease_token: string | null;
  error_code: string | null;
  text: string | null;
}

let folder = '';
let database: TestDatabase;
let tenant: TenantId;
let pipeline: RunningPipeline | undefined;
let captioner: RunningCaptioner | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'housestyle-pipeline-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

beforeEach(async () => {
  database = await createTestDatabase();
  tenant = await database.provision();
});

afterEach(async () => {
  await pipeline?.app.stop();
  await captioner?.close();
  [pipeline, captioner] = [undefined, undefined];
  await database.drop();
});

const start = async (address: string, environment: Record<string, string> = {}): Promise<RunningPipeline> =>
  (pipeline = await startPipeline(database, {
    CAPTIONER_ADDRESS: address,
    UPLOAD_STORE: join(folder, 'uploads'),
    FILE_ROOTS: resolve('samples'),
    ...environment,
  }));

const uriOf = (name: string): string => pathToFileURL(resolve('samples', name)).href;

const land = (names: readonly string[], change: object = {}) =>
  new LandingRepository(database.database).land(
    names.map((name) => ({ tenantId: tenant, assetId: name, version: '1', uri: uriOf(name), ...change })),
  );

const rows = (): Promise<Row[]> =>
  database.query<Row>(`
    SELECT a.asset_id, a.status, a.attempts, a.lease_token, a.error_code, s.text
    FROM asset a LEFT JOIN suggestion s ON s.asset_row_id = a.id ORDER BY a.asset_id`);

const untilCaptioned = (count: number): Promise<Row[]> =>
  waitFor(`${count} captions`, async () => {
    const captioned = (await rows()).filter(({ status }) => status === 'captioned');
    return captioned.length === count && captioned;
  });

const directly = async ({ client }: RunningCaptioner): Promise<(string | undefined)[]> => {
  const items = await Promise.all(
    PICTURES.map(async (id) => ({ id, pixels: { rgb: await demoPixels(join('samples', id)) } })),
  );
  const { results } = await client.caption({ baseModel: 'demo', items }, { deadlineMs: 60_000 });
  return results.map(({ hypotheses }) => hypotheses[0]?.text);
};

describeWith([requirements.kafka()], 'a pipeline with Kafka', () => {
  it('makes captions of upload events, publishes them once, and nothing of a repetition', async () => {
    captioner = await startCaptioner();
    const topic = `uploads-${randomUUID()}`;
    const running = await start(captioner.address, {
      KAFKA_BROKERS: brokers,
      UPLOAD_TOPIC: topic,
      KAFKA_CONSUMER_GROUP: topic,
    });
    const events = PICTURES.map((name) =>
      uploadEvent(topic, { tenantId: tenant, assetId: name, version: '1', uri: uriOf(name) }),
    );
    await publish(brokers, events);
    const captioned = await untilCaptioned(PICTURES.length);
    expect(captioned.map(({ text }) => text)).toEqual(await directly(captioner));

    const isOurs = ({ key }: { key: Buffer | null }) => String(key).startsWith(tenant);
    const messages = await readTopic(
      brokers,
      EVENT_TYPES.captionSuggested,
      (seen) => seen.filter(isOurs).length >= PICTURES.length,
    );
    const published = messages.filter(isOurs);
    const payloads = published.map(({ value }) => CaptionSuggestedSchema.parse(JSON.parse(String(value))));
    expect(new Map(payloads.map(({ assetId, caption }) => [assetId, caption]))).toEqual(
      new Map(captioned.map(({ asset_id, text }) => [asset_id, text])),
    );
    expect(published.map(({ headers }) => String(headers['ce_type']))).toEqual(
      PICTURES.map(() => EVENT_TYPES.captionSuggested),
    );

    await publish(brokers, events);
    await waitFor('the repetition', async () => (await running.metric('housestyle_pipeline_duplicates_total')) >= 6);
    expect(await rows()).toEqual(captioned);
  });
});

it('without Kafka: captions what lands over HTTP, and keeps its events for a later broker', async () => {
  captioner = await startCaptioner();
  await start(captioner.address);
  await land(PICTURES);
  const captioned = await untilCaptioned(PICTURES.length);
  expect(captioned.map(({ text }) => text)).toEqual(await directly(captioner));
  const [preview] = await database.query<{ width: number; bytes: Buffer }>('SELECT width, bytes FROM preview LIMIT 1');
  expect(preview?.bytes.subarray(8, 12).toString()).toBe('WEBP');
  const [outbox] = await database.query('SELECT count(*)::int AS count FROM outbox WHERE published_at IS NULL');
  expect(outbox).toEqual({ count: PICTURES.length });
});

it('waits for a captioner that went away, at nobody’s cost', async () => {
  const CAPTIONER_PORT = String(await freePort());
  captioner = await startCaptioner({ CAPTIONER_PORT });
  const address = `127.0.0.1:${CAPTIONER_PORT}`;
  const running = await start(address);
  await captioner.close();
  await land(PICTURES);
  await waitFor('the leases', async () => (await running.metric('housestyle_pipeline_held_assets')) === 6);
  await waitFor('failed calls', async () => (await running.metric('housestyle_pipeline_call_items_count')) >= 2);
  captioner = await startCaptioner({ CAPTIONER_PORT });
  const captioned = await untilCaptioned(PICTURES.length);
  expect(captioned.map(({ attempts }) => attempts)).toEqual(PICTURES.map(() => 1));
});

it('gives back on SIGTERM what it could not finish, the attempt not counted, and exits 0', async () => {
  captioner = await startCaptioner();
  const running = await start(captioner.address);
  await captioner.close();
  await land(PICTURES);
  await waitFor('the leases', async () => (await running.metric('housestyle_pipeline_held_assets')) === 6);
  const begun = performance.now();
  expect(await running.app.stop()).toBe(0);
  expect(performance.now() - begun).toBeLessThan(30_000);
  expect(await rows()).toEqual(
    PICTURES.map((name) => ({
      asset_id: name,
      status: 'received',
      attempts: 0,
      lease_token: null,
      error_code: null,
      text: null,
    })),
  );
});

it('tries again what may pass, and tells why in the meantime', async () => {
  captioner = await startCaptioner();
  await start(captioner.address, { ALLOW_PRIVATE_ADDRESSES: 'yes', FETCH_TIMEOUT_MS: '2000' });
  // nobody listens there
  await land(['gone'], { uri: `http://127.0.0.1:${await freePort()}/` });
  await land(PICTURES);
  await untilCaptioned(PICTURES.length);
  const [gone] = await waitFor('two attempts', async () => {
    const waiting = (await rows()).filter(({ asset_id, attempts }) => asset_id === 'gone' && attempts >= 2);
    return waiting[0]?.lease_token === null && waiting;
  });
  expect(gone).toMatchObject({ status: 'received', error_code: 'source_unavailable' });
});

it('captions a picture anew from its stored embedding when the picture is gone', async () => {
  captioner = await startCaptioner();
  await start(captioner.address);
  await land(PICTURES);
  const before = await untilCaptioned(PICTURES.length);
  const known = () =>
    database.query(`
      SELECT a.asset_id, a.width, a.height, md5(p.bytes) AS preview, md5(e.values) AS embedding
      FROM asset a JOIN preview p ON p.asset_row_id = a.id JOIN embedding e ON e.asset_row_id = a.id ORDER BY a.asset_id`);
  const knownBefore = await known();
  await database.query('DELETE FROM suggestion');
  await database.query(`
    UPDATE asset SET status = 'received', captioned_at = NULL, attempts = 0, next_attempt_at = now(),
      uri = 'file:///deleted.png'`);
  expect(await untilCaptioned(PICTURES.length)).toEqual(before);
  expect(await known()).toEqual(knownBefore);
});

it('gives up after the last attempt: on a picture that never came, and on one its workers ended with', async () => {
  captioner = await startCaptioner();
  await land(['never came'], { uri: `http://127.0.0.1:${await freePort()}/` });
  await land(['deadly']);
  await database.query(`UPDATE asset SET attempts = ${MAX_ATTEMPTS} - (asset_id = 'never came')::int`);
  await start(captioner.address, { ALLOW_PRIVATE_ADDRESSES: 'yes', FETCH_TIMEOUT_MS: '2000' });
  const failed = await waitFor('both to fail', async () => {
    const ended = await database.query(
      `SELECT asset_id, attempts, error_code, error_message FROM asset WHERE status = 'failed' ORDER BY asset_id`,
    );
    return ended.length === 2 && ended;
  });
  expect(failed).toEqual([
    {
      asset_id: 'deadly',
      attempts: MAX_ATTEMPTS + 1,
      error_code: 'attempts_exhausted',
      error_message: `its worker ended ${MAX_ATTEMPTS} times before there was an outcome`,
    },
    {
      asset_id: 'never came',
      attempts: MAX_ATTEMPTS,
      error_code: 'attempts_exhausted',
      error_message: expect.stringMatching(/^source_unavailable: /) as string,
    },
  ]);
});

it('does not start on settings that are wrong, and names the variable', async () => {
  await expect(start('127.0.0.1:1', { LEASE_MS: 'soon' })).rejects.toThrow(/LEASE_MS/);
});
