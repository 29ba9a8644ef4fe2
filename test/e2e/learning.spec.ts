import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  EVENT_TYPES,
  type Learning,
  type MapperList,
  type MapperPromoted,
  type Suggestion,
  type TrainingRunDetail,
  type TrainingRunPage,
} from '@housestyle/contracts';
import { normalisedEditDistance } from '@housestyle/evaluation';
import type { IncomingMessage } from '@housestyle/messaging';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { startApp, type AppProcess } from '../support/app-process.js';
import { openEventStream, type TestEventStream } from '../support/event-stream.js';
import { freePort } from '../support/free-port.js';
import { baseCaptions, museumCaptionOf, testPicture } from '../support/museum-captions.js';
import { readTopic } from '../support/pipeline.js';
import { requirements } from '../support/requirements.js';
import { waitFor } from '../support/wait-for.js';

/** Captions that the museum's editors correct; another number measures how long learning from as many takes. */
const REVIEWS = Number(process.env['HOUSESTYLE_E2E_REVIEWS'] ?? 60);
/** Pictures that nobody has reviewed, uploaded after a promotion and after a rollback. */
const LATER = 8;
const API_KEY = 'a-key-of-the-operators-own-choice';
const LEARNING_TIMEOUT_MS = 400_000;
const DEMO_TENANT = '00000000-0000-4000-8000-000000000001';

const hasKafka = requirements.kafka().isPresent;
const brokers = inject('kafkaBrokers');
const topic = `uploads-${randomUUID()}`;
const begunAt = Date.now();

/** `npm start`, its demo tenant's editors, and the real captioner, trainer, recipe and gate. */
describe('a house style, from corrections to captions', { timeout: 2 * LEARNING_TIMEOUT_MS }, () => {
  let data: string;
  let url: string;
  let app: AppProcess;
  let stream: TestEventStream;
  const promotions: (string | null)[] = [];
  const headers = { authorization: `Bearer ${API_KEY}` };

  const call = async <Answer>(method: string, path: string, body?: unknown): Promise<Answer> => {
    const json = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...json,
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Answer;
  };

  /** Uploads the n-th test picture as a DAM would. @returns what is suggested for it, once it is */
  const upload = async (n: number, version: string): Promise<Suggestion> => {
    const form = new FormData();
    form.append('assetId', nameOf(n));
    form.append('version', version);
    form.append('file', new Blob([await readFile(testPicture(n))], { type: 'image/png' }), nameOf(n));
    const response = await fetch(`${url}/v1/assets`, { method: 'POST', headers, body: form });
    if (response.status !== 202) throw new Error(`upload: ${response.status} ${await response.text()}`);
    const { items } = (await response.json()) as { items: { id: string }[] };
    return waitFor(`a caption for ${nameOf(n)}`, async () => {
      const { suggestions } = await call<{ suggestions: Suggestion[] }>('GET', `/v1/assets/${items[0]!.id}`);
      return suggestions[0];
    });
  };
  const uploadAll = (from: number, count: number, version = '1') => inTurns(count, (n) => upload(from + n, version));

  beforeAll(async () => {
    data = await mkdtemp(join(tmpdir(), 'housestyle-learning-'));
    url = `http://127.0.0.1:${await freePort()}`;
    app = await startApp('standalone', {
      environment: {
        HOUSESTYLE_DATA: data,
        HOUSESTYLE_API_KEY: API_KEY,
        PORT: new URL(url).port,
        ...(hasKafka && { KAFKA_BROKERS: brokers, UPLOAD_TOPIC: topic, KAFKA_CONSUMER_GROUP: topic }),
      },
      readyUrl: `${url}/readyz`,
    });
    stream = await openEventStream(`${url}/v1/suggestions/stream`, headers);
  });
  afterAll(async () => {
    stream?.close();
    await app?.stop('SIGTERM');
    await rm(data, { recursive: true, force: true });
  });

  it('begins with the base’s words', async () => {
    const suggestions = await uploadAll(0, REVIEWS);
    expect(suggestions.every(({ mapper }) => mapper.id === 'base')).toBe(true);
    expect(suggestions.map(({ caption }) => caption)).toEqual(baseCaptions.slice(0, REVIEWS));
  });

  it('learns by itself from what editors correct, and promotes what passes the gate', async ({ annotate }) => {
    const schedule = { isEnabled: true, cron: null, newReviews: REVIEWS, minimumSamples: 20 };
    await call('PUT', '/v1/learning/schedule', schedule);
    const toReview = (await uploadAll(0, REVIEWS)).map(({ id }) => id);
    const reviewed = inTurns(REVIEWS, (n) =>
      call('POST', `/v1/suggestions/${toReview[n]}/review`, { decision: 'corrected', text: museumCaptionOf(n) }),
    );
    await reviewed;
    const begun = performance.now();
    const last = await waitFor(
      'the run to end',
      async () => (await call<Learning>('GET', '/v1/learning')).lastRun ?? undefined,
      { timeoutMs: LEARNING_TIMEOUT_MS, everyMs: 250 },
    );
    const seconds = (performance.now() - begun) / 1000;
    const run = await call<TrainingRunDetail>('GET', `/v1/training-runs/${last.id}`);
    const sides = [run.figures?.champion, run.figures?.candidate];
    const content = sides.map((side) => side?.contentShare?.toFixed(3)).join(' → ');
    const verdict = `${run.status} (${run.reason}), content ${content}`;
    await annotate(`${REVIEWS} corrections: ${verdict}, ${seconds.toFixed(1)} s after the last`);
    expect(run, run.reason ?? '').toMatchObject({ status: 'promoted', trigger: 'threshold' });
    expect(run.counts).toMatchObject({ training: REVIEWS * 0.8, corrected: REVIEWS * 0.8, holdOut: REVIEWS * 0.2 });
    expect(run.examples).toHaveLength(REVIEWS * 0.2);
    expect((await call<TrainingRunPage>('GET', '/v1/training-runs')).items).toHaveLength(1);

    const { championId, items } = await call<MapperList>('GET', '/v1/mappers');
    expect(items).toMatchObject([{ id: championId, kind: 'delta', isChampion: true, trainingRunId: run.id }]);
    expect(await stream.of('mapper.promoted', 1)).toMatchObject([{ data: { mapperId: championId, kind: 'training' } }]);
    promotions.push(championId);
    const progress = stream.events.filter(({ type }) => type === 'training.updated');
    expect(progress.some(({ data }) => (data as TrainingRunDetail).progress?.loss)).toBe(true);
  });

  it('captions the next uploads in the style, and in base words again after a rollback', async ({ annotate }) => {
    const { championId } = await call<MapperList>('GET', '/v1/mappers');
    const styled = await uploadAll(REVIEWS, LATER);
    const distance = mean(
      styled.map(({ caption }, n) => normalisedEditDistance(caption, museumCaptionOf(REVIEWS + n))),
    );
    const before = mean(
      styled.map((_, n) => normalisedEditDistance(baseCaptions[REVIEWS + n]!, museumCaptionOf(REVIEWS + n))),
    );
    await annotate(
      `edit distance of unseen uploads ${before.toFixed(3)} → ${distance.toFixed(3)}, such as “${styled[0]!.caption}”`,
    );
    expect(styled.every(({ mapper }) => mapper.id === championId)).toBe(true);
    expect(styled.every(({ caption }) => /^[^;]+; [a-z ]+, (day|night|sunset|rain)\.$/.test(caption))).toBe(true);
    expect(distance).toBeLessThan(before / 2);

    const { championId: after } = await call<MapperList>('POST', '/v1/mappers/rollback', { reason: 'back, to see' });
    expect(after).toBeNull();
    promotions.push(after);
    const rolledBack = await uploadAll(REVIEWS, LATER, '2');
    expect(rolledBack.every(({ mapper }) => mapper.id === 'base')).toBe(true);
    expect(rolledBack.map(({ caption }) => caption)).toEqual(baseCaptions.slice(REVIEWS, REVIEWS + LATER));
    expect(await stream.of('mapper.promoted', 2)).toMatchObject([
      { data: { kind: 'training' } },
      { data: { kind: 'rollback', mapperId: null } },
    ]);
  });

  it.skipIf(!hasKafka)('tells the DAM of each promotion, once', async () => {
    const own = ({ value }: IncomingMessage): MapperPromoted[] => {
      const event = JSON.parse(String(value)) as MapperPromoted;
      return event.tenantId === DEMO_TENANT && Date.parse(event.promotedAt) >= begunAt ? [event] : [];
    };
    const ours = (messages: readonly IncomingMessage[]) => messages.flatMap(own);
    const messages = await readTopic(brokers, EVENT_TYPES.mapperPromoted, (all) => ours(all).length >= 2);
    expect(ours(messages).map(({ mapperVersionId }) => mapperVersionId)).toEqual(promotions);
  });
});

const nameOf = (n: number): string => `test-${n}.png`;

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Some at a time, as a DAM's uploader and a hard-working office do. */
async function inTurns<Value>(count: number, work: (n: number) => Promise<Value>): Promise<Value[]> {
  const AT_ONCE = 8;
  const done: Value[] = [];
  for (let from = 0; from < count; from += AT_ONCE) {
    const turn = Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, n) => work(from + n));
    done.push(...(await Promise.all(turn)));
  }
  return done;
}
