import {
  EVENT_TYPES,
  WEBHOOK_TEST_TYPE,
  type Webhook as WebhookView,
  type WebhookDelivery,
  type WebhookDeliveryPage,
  type WebhookList,
  type WebhookWithSecret,
} from '@housestyle/contracts';
import { MapperVersionRepository } from '@housestyle/database';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type AppProcess } from '../support/app-process.js';
import { freePort } from '../support/free-port.js';
import { captionAssets, problemOf, startTestApi, type TestApi, type TestCaller } from '../support/running-api.js';
import { waitFor } from '../support/wait-for.js';
import { verified, WebhookReceiver } from './webhook-receiver.js';

let api: TestApi;
let receiver: WebhookReceiver;
let pipeline: AppProcess | undefined;
let tenants = 0;

/** A pipeline without a broker or a captioner: all it can do is send webhooks. */
async function startSender(environment: Readonly<Record<string, string>> = {}): Promise<AppProcess> {
  const metricsPort = String(await freePort());
  return startApp('pipeline', {
    environment: {
      DATABASE_URL: api.test.adminUrl,
      METRICS_PORT: metricsPort,
      CAPTIONER_ADDRESS: `127.0.0.1:${await freePort()}`,
      DECODE_PROCESSES: '1',
      LOG_LEVEL: 'error',
      ALLOW_PRIVATE_ADDRESSES: 'yes',
      WEBHOOK_RETRY_MS: '100',
      WEBHOOK_MAX_ATTEMPTS: '4',
      ...environment,
    },
    readyUrl: `http://127.0.0.1:${metricsPort}/healthz`,
    timeoutMs: 180_000,
  });
}

beforeAll(async () => {
  receiver = await WebhookReceiver.start();
  api = await startTestApi({ ALLOW_PRIVATE_ADDRESSES: 'yes' });
});
afterAll(async () => {
  await pipeline?.stop();
  await Promise.all([api?.stop(), receiver?.close()]);
});

const newTenant = (): Promise<TestCaller> => api.caller(`Tenant ${++tenants}`);

async function json<Body>(response: Response, status: number): Promise<Body> {
  if (response.status !== status)
    throw new Error(`expected ${status}, got ${response.status}: ${await response.text()}`);
  return (await response.json()) as Body;
}

const create = async (by: TestCaller, path: string, eventTypes?: readonly string[]): Promise<WebhookWithSecret> =>
  json(await by.send('POST', '/v1/webhooks', { url: receiver.url(path), ...(eventTypes && { eventTypes }) }), 201);

const deliveriesOf = async (by: TestCaller, { id }: WebhookView): Promise<WebhookDelivery[]> => [
  ...(await by.get<WebhookDeliveryPage>(`/v1/webhooks/${id}/deliveries?limit=200`)).items,
];

const onlyDelivery = (by: TestCaller, webhook: WebhookView, isEnough: (delivery: WebhookDelivery) => boolean) =>
  waitFor('the delivery', async () => {
    const [delivery, ...others] = await deliveriesOf(by, webhook);
    expect(others).toEqual([]);
    return delivery && isEnough(delivery) && delivery;
  });

const viewOf = async (by: TestCaller, { id }: WebhookView): Promise<WebhookView | undefined> =>
  (await by.get<WebhookList>('/v1/webhooks')).items.find((webhook) => webhook.id === id);

/** One event that needs neither a captioner nor a lease. */
const promoteBase = ({ tenant }: TestCaller, reason = 'a test') =>
  new MapperVersionRepository(api.test.database).promote(tenant, undefined, reason, {});

const sendTest = async (by: TestCaller, { id }: WebhookView): Promise<WebhookDelivery> =>
  json(await by.send('POST', `/v1/webhooks/${id}/test`), 202);

describe('webhooks, before anything is sent', () => {
  it('are taken with https: URLs only, where private addresses are not allowed', async () => {
    const strict = await startTestApi();
    try {
      const by = await strict.caller();
      const made = await by.send('POST', '/v1/webhooks', { url: 'https://dam.example/hook' });
      expect(made.status).toBe(201);
      for (const url of [
        'http://dam.example/',
        'ftp://dam.example/',
        'https://u:p@dam.example/',
        '/hook',
        'https://',
      ]) {
        expect(await problemOf(await by.send('POST', '/v1/webhooks', { url })), url).toMatchObject({ status: 400 });
      }
    } finally {
      await strict.stop();
    }
  });

  it('show their secret once, keep it where no column has it, and are governed by admins', async () => {
    const by = await newTenant();
    const { secret, ...webhook } = await create(by, 'quiet');
    expect(await by.get<WebhookList>('/v1/webhooks')).toEqual({ items: [webhook] });
    const rows = await api.test.query<Record<string, unknown>>('SELECT * FROM webhook WHERE id = $1', [webhook.id]);
    const kept = Object.values(rows[0]!).map((value) => (Buffer.isBuffer(value) ? value : Buffer.from(String(value))));
    for (const form of [secret, secret.slice(6), Buffer.from(secret.slice(6), 'base64')]) {
      expect(kept.some((bytes) => bytes.includes(form))).toBe(false);
    }
    const { key } = await json<{ key: string }>(
      await by.send('POST', '/v1/api-keys', { name: 'editor', scopes: ['upload', 'review'] }),
      201,
    );
    const editor = api.withKey(by.tenant, key);
    expect(await problemOf(await editor.fetch('/v1/webhooks'))).toMatchObject({ status: 403 });
  });

  it('are ten at most', async () => {
    const by = await newTenant();
    const made = await Promise.all(
      Array.from({ length: 12 }, (_, n) => by.send('POST', '/v1/webhooks', { url: receiver.url(`many-${n}`) })),
    );
    expect(made.map(({ status }) => status).sort()).toEqual([...Array<number>(10).fill(201), 409, 409]);
  });

  it('hear what they asked for, in the transaction that caused it, and nothing of other tenants', async () => {
    const [by, other] = [await newTenant(), await newTenant()];
    const captions = await create(by, 'captions', [EVENT_TYPES.captionSuggested]);
    const all = await create(by, 'all');
    const others = await create(other, 'others');
    await captionAssets(api.test, by.tenant, 3);
    await promoteBase(by);
    expect(await deliveriesOf(by, captions)).toHaveLength(3);
    expect((await deliveriesOf(by, all)).map(({ type }) => type).sort()).toEqual([
      ...Array<string>(3).fill(EVENT_TYPES.captionSuggested),
      EVENT_TYPES.mapperPromoted,
    ]);
    expect(await deliveriesOf(other, others)).toEqual([]);
    for (const delivery of await deliveriesOf(by, captions)) {
      expect(delivery).toMatchObject({ status: 'pending', attempts: 0, lastError: null });
    }
    expect((await by.send('DELETE', `/v1/webhooks/${captions.id}`)).status).toBe(204);
    expect(await problemOf(await by.fetch(`/v1/webhooks/${captions.id}/deliveries`))).toMatchObject({ status: 404 });
    await by.send('DELETE', `/v1/webhooks/${all.id}`);
  });
});

describe('a pipeline that may not reach private addresses', () => {
  it('sends nothing there: webhooks keep to the rule of pictures', async () => {
    const by = await newTenant();
    const webhook = await create(by, 'private');
    const url = receiver.url('private');
    const { port } = new URL(url);
    const hosts = ['127.0.0.1', '[::1]', '2130706433', '[::ffff:127.0.0.1]', 'localhost'];
    const others = await Promise.all(
      hosts.map(async (host) =>
        json<WebhookWithSecret>(await by.send('POST', '/v1/webhooks', { url: `https://${host}:${port}/private` }), 201),
      ),
    );
    await promoteBase(by);
    const strict = await startSender({ ALLOW_PRIVATE_ADDRESSES: 'no', FETCH_PORTS: `443,${port}` });
    try {
      const tried = ({ attempts, lastError }: WebhookDelivery): boolean => attempts > 0 && lastError !== null;
      expect((await onlyDelivery(by, webhook, tried)).lastError).toMatch(/^uri_not_allowed: http:/);
      for (const other of others) {
        expect((await onlyDelivery(by, other, tried)).lastError, other.url).toMatch(/^address_not_allowed: /);
      }
    } finally {
      await strict.stop();
    }
    expect(receiver.at('private')).toEqual([]);
    for (const { id } of [webhook, ...others]) await by.send('DELETE', `/v1/webhooks/${id}`);
  });
});

describe('a pipeline', () => {
  beforeAll(async () => {
    // a receiver that hangs does so for as long as anybody waits here
    pipeline = await startSender({ WEBHOOK_TIMEOUT_MS: '600000' });
  });

  it('sends what Kafka gets, signed; a receiver refuses what is old, changed, or signed with another secret', async () => {
    const by = await newTenant();
    const webhook = await create(by, 'good');
    const { secret } = webhook;
    await promoteBase(by, 'told by webhook');
    const delivery = await onlyDelivery(by, webhook, ({ status }) => status === 'delivered');
    const [message] = receiver.at('good');
    const [event] = await api.test.query<{ event_id: string; type: string; payload: unknown; created_at: Date }>(
      'SELECT event_id, type, payload, created_at FROM outbox WHERE tenant_id = $1',
      [by.tenant],
    );
    expect(verified(message!, secret)).toEqual({
      type: event!.type,
      timestamp: event!.created_at.toISOString(),
      data: event!.payload,
    });
    expect(message!.headers).toMatchObject({ 'webhook-id': event!.event_id, 'content-type': 'application/json' });
    expect(Object.keys(message!.headers).filter((name) => /cookie|authorization|referer/.test(name))).toEqual([]);
    expect(delivery).toMatchObject({ messageId: event!.event_id, type: event!.type, attempts: 1, lastStatusCode: 204 });

    const { body, headers } = message!;
    const { secret: wrong } = await create(by, 'another');
    expect(() => verified(message!, wrong)).toThrow('No matching signature');
    expect(() => verified({ body: body.replace('told', 'sold'), headers }, secret)).toThrow('No matching signature');
    expect(() => verified({ body, headers: { ...headers, 'webhook-id': 'another' } }, secret)).toThrow(
      'No matching signature',
    );
    for (const [minutes, reason] of [
      [-6, 'too old'],
      [6, 'too new'],
    ] as const) {
      const at = new Date(Date.now() + minutes * 60_000);
      const replayed = {
        ...headers,
        'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
        'webhook-signature': new Webhook(secret).sign(headers['webhook-id']!, at, body),
      };
      expect(() => verified({ body, headers: replayed }, secret)).toThrow(reason);
    }
  });

  it('sends a test event on demand', async () => {
    const by = await newTenant();
    const webhook = await create(by, 'test', [EVENT_TYPES.captionSuggested]);
    const { id, messageId } = await sendTest(by, webhook);
    await onlyDelivery(by, webhook, ({ status }) => status === 'delivered');
    const message = verified(receiver.at('test')[0]!, webhook.secret);
    expect(message).toMatchObject({ type: WEBHOOK_TEST_TYPE, data: { tenantId: by.tenant, webhookId: webhook.id } });
    expect([messageId, receiver.at('test')[0]!.headers['webhook-id']]).toEqual([id, id]);
  });

  it('tries again after 500s with the same id and a new time, and delivers when the receiver recovers', async () => {
    const by = await newTenant();
    receiver.answerWith('flaky', 500, 503, 200);
    const webhook = await create(by, 'flaky');
    await promoteBase(by);
    const delivery = await onlyDelivery(by, webhook, ({ status }) => status === 'delivered');
    expect(delivery).toMatchObject({ attempts: 3, lastStatusCode: 200, lastError: null });
    const attempts = receiver.at('flaky');
    expect(new Set(attempts.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    for (const attempt of attempts) verified(attempt, webhook.secret);
    expect(await viewOf(by, webhook)).toMatchObject({ failingSince: null, disabledAt: null });
  });

  it('lets the dead receivers of one tenant stall nobody else', async () => {
    const [dead, alive] = [await newTenant(), await newTenant()];
    const paths = Array.from({ length: 10 }, (_, n) => `dead-${n}`);
    for (const path of paths) receiver.answerWith(path, 'hang');
    await Promise.all(paths.map((path) => create(dead, path)));
    for (let n = 0; n < 16; n++) await promoteBase(dead);
    await waitFor('requests to hang', () => receiver.held >= 4);
    const webhook = await create(alive, 'alive');
    for (let n = 0; n < 5; n++) await promoteBase(alive);
    // those that hang do so for ten minutes: nobody gets a place by waiting
    const arrived = async (): Promise<boolean> =>
      (await deliveriesOf(alive, webhook)).filter(({ status }) => status === 'delivered').length === 5;
    await waitFor('all of the others', arrived, { timeoutMs: 120_000 });
    const [{ pending }] = (await api.test.query<{ pending: number }>(
      `SELECT count(*)::int AS pending FROM webhook_delivery WHERE tenant_id = $1 AND status = 'pending'`,
      [dead.tenant],
    )) as [{ pending: number }];
    expect(pending).toBeGreaterThan(100);
    await api.test.query('DELETE FROM webhook WHERE tenant_id = $1', [dead.tenant]);
  });

  it('gives up after the last attempt, follows no redirect, and keeps nothing that the receiver said', async () => {
    const by = await newTenant();
    receiver.answerWith('moved', { redirect: receiver.url('secret-place') });
    const webhook = await create(by, 'moved');
    await promoteBase(by);
    const delivery = await onlyDelivery(by, webhook, ({ status }) => status === 'failed');
    expect(delivery).toMatchObject({ attempts: 4, lastStatusCode: 302, lastError: 'the receiver answered 302' });
    expect(delivery.nextAttemptAt).toBeNull();
    expect([receiver.at('moved').length, receiver.at('secret-place').length]).toEqual([4, 0]);
    expect((await viewOf(by, webhook))?.failingSince).not.toBeNull();
  });

  it('switches a webhook off that has failed for days, or says it is gone; enabling it begins anew', async () => {
    const by = await newTenant();
    receiver.answerWith('long-dead', 500);
    receiver.answerWith('gone', 410);
    const [dead, gone] = [await create(by, 'long-dead'), await create(by, 'gone')];
    await api.test.query(`UPDATE webhook SET failing_since = now() - interval '4 days' WHERE id = $1`, [dead.id]);
    await promoteBase(by);
    const off = (webhook: WebhookView) =>
      waitFor('it to be switched off', async () => {
        const view = await viewOf(by, webhook);
        return view?.disabledAt !== null && view;
      });
    expect((await off(dead)).disabledReason).toBe('every attempt has failed for 72 h');
    expect((await off(gone)).disabledReason).toBe('its receiver answered 410: it is gone');
    await promoteBase(by);
    expect(await deliveriesOf(by, dead)).toHaveLength(1);
    expect(await onlyDelivery(by, gone, () => true)).toMatchObject({ status: 'failed', attempts: 1 });
    expect(await problemOf(await by.send('POST', `/v1/webhooks/${dead.id}/test`))).toMatchObject({ status: 409 });

    receiver.answerWith('long-dead', 200);
    const enabled = await json<WebhookView>(await by.send('POST', `/v1/webhooks/${dead.id}/enable`), 200);
    expect(enabled).toMatchObject({ disabledAt: null, failingSince: null });
    await promoteBase(by);
    await waitFor('what came after', async () => (await deliveriesOf(by, dead)).some((d) => d.status === 'delivered'));
  });

  it('signs with both secrets for a day after a rotation, then with the new one only', async () => {
    const by = await newTenant();
    const before = await create(by, 'rotated');
    const after = await json<WebhookWithSecret>(await by.send('POST', `/v1/webhooks/${before.id}/rotate`), 201);
    expect(after.secret).not.toBe(before.secret);
    await sendTest(by, before);
    await waitFor('a message', () => receiver.at('rotated').length === 1);
    for (const { secret } of [before, after]) verified(receiver.at('rotated')[0]!, secret);
    await api.test.query(`UPDATE webhook SET previous_secret_until = now() WHERE id = $1`, [before.id]);
    await sendTest(by, before);
    await waitFor('another message', () => receiver.at('rotated').length === 2);
    verified(receiver.at('rotated')[1]!, after.secret);
    expect(() => verified(receiver.at('rotated')[1]!, before.secret)).toThrow('No matching signature');
  });

  it('sends again, with the same id, what a killed process had not written down', async () => {
    const by = await newTenant();
    receiver.answerWith('interrupted', 'hang', 200);
    const webhook = await create(by, 'interrupted');
    await promoteBase(by);
    await waitFor('the request', () => receiver.at('interrupted').length === 1);
    await pipeline!.stop('SIGKILL');
    // its lease would end by itself, later than a test should wait
    await api.test.query(
      `UPDATE webhook_delivery SET next_attempt_at = now(), leased_until = now() WHERE webhook_id = $1`,
      [webhook.id],
    );
    pipeline = await startSender({ WEBHOOK_TIMEOUT_MS: '3000' });
    await onlyDelivery(by, webhook, ({ status }) => status === 'delivered');
    const ids = receiver.at('interrupted').map(({ headers }) => headers['webhook-id']);
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(1);
  });

  it('notes a receiver that hangs as timed out, and delivers when it recovers', async () => {
    const by = await newTenant();
    receiver.answerWith('hangs', 'hang', 200);
    const webhook = await create(by, 'hangs');
    await promoteBase(by);
    const failed = await onlyDelivery(by, webhook, ({ lastError }) => lastError !== null);
    expect(failed.lastError).toBe('source_timeout: The answer did not arrive within 3000 ms');
    expect(await onlyDelivery(by, webhook, ({ status }) => status === 'delivered')).toMatchObject({ attempts: 2 });
  });

  it('cannot sign, and says so, when the secrets were kept under another key', async () => {
    const by = await newTenant();
    const webhook = await create(by, 'lost-key');
    await api.test.query(`UPDATE webhook SET sealed_secret = decode('0102', 'hex') WHERE id = $1`, [webhook.id]);
    await promoteBase(by);
    const { lastError } = await onlyDelivery(by, webhook, (delivery) => delivery.lastError !== null);
    expect(lastError).toMatch(/^its secret was kept under another WEBHOOK_SECRET_KEY/);
    expect(receiver.at('lost-key')).toEqual([]);
  });
});
