import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { TenantId } from '@housestyle/domain';
import type { OutgoingMessage } from '@housestyle/messaging';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { startBadPictureServer, type BadPictureServer } from '../support/bad-picture-server.js';
import { startCaptioner, type RunningCaptioner } from '../support/captioner.js';
import { describeWith } from '../support/describe-with.js';
import { isFull } from '../support/full.js';
import { jpeg, png, tiff, webp } from '../support/picture-bombs.js';
import { publish, readTopic, startPipeline, uploadEvent, type RunningPipeline } from '../support/pipeline.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { requirements } from '../support/requirements.js';
import { waitFor } from '../support/wait-for.js';

/** `HOUSESTYLE_FULL=poison npx vitest run --project system test/integration/pipeline-poison.spec.ts` demands the times. */
const MEASURED = isFull('poison');
const GOOD = MEASURED ? 600 : 90;
const ROUNDS = MEASURED ? 2 : 1;
/** events a second, where it is measured; else all at once */
const RATE = 12;
const SAMPLES = Array.from({ length: 12 }, (_, n) => resolve(`samples/samples-${String(n).padStart(5, '0')}.png`));
const MAX_BYTES = 20_000_000;

interface Row extends Record<string, unknown> {
  readonly asset_id: string;
  readonly status: string;
  readonly error_code: string | null;
  readonly error_message: string | null;
  readonly attempts: number;
  /** from its row to its caption or its failure */
  readonly ms: number;
}

interface Round {
  readonly good: readonly Row[];
  readonly bad: readonly Row[];
}

const brokers = inject('kafkaBrokers');

describeWith([requirements.kafka()], 'one bad event to nine good ones', () => {
  const topic = `uploads-${randomUUID()}`;
  let folder = '';
  let web: BadPictureServer;
  let captioner: RunningCaptioner;
  let database: TestDatabase;
  let tenant: TenantId;
  let pipeline: RunningPipeline;
  let poison: readonly string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'housestyle-poison-'));
    web = await startBadPictureServer();
    [database, captioner] = await Promise.all([createTestDatabase(), startCaptioner()]);
    tenant = await database.provision();
    poison = await makePoison(folder, web);
    pipeline = await startPipeline(database, {
      KAFKA_BROKERS: brokers,
      UPLOAD_TOPIC: topic,
      KAFKA_CONSUMER_GROUP: topic,
      CAPTIONER_ADDRESS: captioner.address,
      UPLOAD_STORE: join(folder, 'uploads'),
      FILE_ROOTS: `${folder},${resolve('samples')}`,
      ALLOW_PRIVATE_ADDRESSES: 'true',
      FETCH_MAX_BYTES: String(MAX_BYTES),
      ...(MEASURED ? {} : { FETCH_TIMEOUT_MS: '3000' }),
    });
  });
  afterAll(async () => {
    await pipeline?.app.stop();
    await captioner?.close();
    await database?.drop();
    await web?.close();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  const event = (assetId: string, uri: string): OutgoingMessage =>
    uploadEvent(topic, { tenantId: tenant, assetId, version: '1', uri });

  /** Publishes the good ones, with a bad one behind every ninth where it is poisoned, and waits for every end. */
  async function play(name: string, isPoisoned: boolean): Promise<Round> {
    const [good, bad]: [string[], string[]] = [[], []];
    const messages: OutgoingMessage[] = [];
    for (let n = 0; n < GOOD; n++) {
      good.push(`${name} good ${n}`);
      messages.push(event(good.at(-1)!, pathToFileURL(SAMPLES[n % SAMPLES.length]!).href));
      if (!isPoisoned || n % 9 !== 8) continue;
      bad.push(`${name} bad ${bad.length}`);
      messages.push(event(bad.at(-1)!, poison[bad.length % poison.length]!));
    }
    if (isPoisoned) messages.push({ ...event(`${name} malformed`, 'x:'), value: 'no JSON' });
    const step = MEASURED ? RATE : messages.length;
    for (let from = 0; from < messages.length; from += step) {
      await publish(brokers, messages.slice(from, from + step));
      if (MEASURED) await new Promise((next) => setTimeout(next, 1000));
    }
    const ended = await waitFor(`the end of ${name}`, () => endOf([...good, ...bad]), {
      timeoutMs: 300_000,
      everyMs: 500,
    });
    return { good: good.map((id) => ended.get(id)!), bad: bad.map((id) => ended.get(id)!) };
  }

  async function endOf(ids: readonly string[]): Promise<Map<string, Row> | false> {
    const rows = await database.query<Row>(
      `SELECT asset_id, status, error_code, error_message, attempts,
         extract(epoch FROM coalesce(captioned_at, failed_at) - received_at)::float8 * 1000 AS ms
       FROM asset WHERE asset_id = ANY($1) AND status <> 'received'`,
      [ids],
    );
    return rows.length === ids.length && new Map(rows.map((row) => [row.asset_id, row]));
  }

  it(
    'keeps the good ones going and gives each bad one an end, a reason and at most three attempts',
    { timeout: MEASURED ? 1_800_000 : 360_000 },
    async () => {
      const pid = pipeline.app.process.pid;
      await play('warm-up', false);
      const [clean, poisoned]: [Row[], Round[]] = [[], []];
      for (let round = 0; round < ROUNDS; round++) {
        clean.push(...(await play(`clean ${round}`, false)).good);
        poisoned.push(await play(`poisoned ${round}`, true));
      }
      const good = poisoned.flatMap((round) => round.good);
      const bad = poisoned.flatMap((round) => round.bad);

      expect(bad.length).toBeGreaterThanOrEqual(Math.floor(GOOD / 9));
      expect(good.filter(({ status, attempts }) => status !== 'captioned' || attempts !== 1)).toEqual([]);
      expect(bad.filter(({ status, attempts }) => status !== 'failed' || attempts > 3)).toEqual([]);
      expect(bad.filter(({ error_code, error_message }) => !error_code || !error_message)).toEqual([]);
      const letters = await readTopic(brokers, `${topic}.dlt`, (seen) => seen.length >= ROUNDS);
      expect(letters.map(({ headers }) => String(headers['housestyle-error-code']))).toEqual(
        Array.from({ length: ROUNDS }, () => 'malformed_event'),
      );
      expect([pipeline.app.process.pid, pipeline.app.process.exitCode]).toEqual([pid, null]);
      // those that nobody answers are waited for by nobody else
      const longest = Math.max(...bad.map(({ ms }) => ms));
      expect(quantile(good, 0.5)).toBeLessThan(longest);

      if (!MEASURED) return;
      const ratio = quantile(good, 0.99) / quantile(clean, 0.99);
      const codes = bad.map(({ error_code }) => error_code!);
      const countOf = (code: string): number => codes.filter((other) => other === code).length;
      const kinds = [...new Set(codes)].map((code) => `${code} ${countOf(code)}`).join(', ');
      process.stdout.write(
        [
          `good: p50 ${quantile(clean, 0.5).toFixed(0)} → ${quantile(good, 0.5).toFixed(0)} ms, ` +
            `p99 ${quantile(clean, 0.99).toFixed(0)} → ${quantile(good, 0.99).toFixed(0)} ms (× ${ratio.toFixed(2)}), ` +
            `${good.length} each`,
          `bad: ${bad.length}, longest ${(longest / 1000).toFixed(1)} s, ` +
            `most attempts ${Math.max(...bad.map(({ attempts }) => attempts))}; ${kinds}`,
          '',
        ].join('\n'),
      );
      expect(longest).toBeLessThan(60_000);
      expect(ratio).toBeLessThanOrEqual(2);
    },
  );
});

const quantile = (rows: readonly Row[], share: number): number =>
  rows.map(({ ms }) => ms).sort((a, b) => a - b)[Math.ceil(rows.length * share) - 1]!;

/** The URIs of pictures that never become one. */
async function makePoison(folder: string, web: BadPictureServer): Promise<string[]> {
  const sample = await readFile(SAMPLES[0]!);
  const files: Record<string, Buffer> = {
    'truncated.png': sample.subarray(0, sample.length / 2),
    'text.jpg': Buffer.from('This is not a picture.'),
    'empty.png': Buffer.alloc(0),
    'drawing.svg': Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
    'huge.png': png(40_000, 40_000),
    'huge.jpg': await jpeg(65_500, 65_500),
    'frames.webp': await webp(1, 1, 30_000),
    'endless.tiff': tiff(1, 1, { pages: 3, isEndless: true }),
  };
  const written = Object.entries(files).map(async ([name, bytes]) => {
    await writeFile(join(folder, name), bytes);
    return pathToFileURL(join(folder, name)).href;
  });
  const served = ['silent', 'loop', 'endless', 'drip', 'nothing'].map((path) => web.url(`${path}/`));
  // asked three times, which takes 40 s
  const refusing = MEASURED ? ['http://127.0.0.1:1/'] : [];
  return [...served, ...(await Promise.all(written)), ...refusing];
}
