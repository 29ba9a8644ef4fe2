import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, inject, it } from 'vitest';
import { startApp, type AppProcess } from '../support/app-process.js';
import { startCaptioner, type RunningCaptioner } from '../support/captioner.js';
import { describeWith } from '../support/describe-with.js';
import { freePort } from '../support/free-port.js';
import { createTopics } from '../support/kafka.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { requirements } from '../support/requirements.js';
import { waitFor } from '../support/wait-for.js';
import { groupLag } from './group-lag.js';
import { PICTURES } from './library.js';
import { Random } from './random.js';
import { scale } from './scale.js';
import { TcpProxy } from './tcp-proxy.js';
import { publishPatiently, Workload } from './workload.js';

/** the shortest that brokers allow */
const SESSION_MS = 6_000;
const patience = { timeoutMs: 90_000 };

describeWith([requirements.kafka()], 'a pipeline whose consumer has fallen silent', () => {
  const brokers = inject('kafkaBrokers');
  let captioner: RunningCaptioner;
  let database: TestDatabase;
  let way: TcpProxy;
  let app: AppProcess;
  let readyUrl: string;
  let topic: string;

  beforeAll(async () => {
    [database, captioner] = await Promise.all([createTestDatabase(), startCaptioner()]);
    const [detour] = inject('kafkaDetours');
    way = await TcpProxy.open(detour!.port, detour!.advertisedPort);
  });

  async function startPipeline(): Promise<void> {
    topic = `uploads-${randomUUID().slice(0, 8)}`;
    await createTopics(brokers, [topic, `${topic}.dlt`]);
    const metricsPort = await freePort();
    readyUrl = `http://127.0.0.1:${metricsPort}/readyz`;
    app = await startApp('pipeline', {
      environment: {
        DATABASE_URL: database.adminUrl,
        METRICS_PORT: String(metricsPort),
        KAFKA_BROKERS: `127.0.0.1:${way.port}`,
        KAFKA_SESSION_TIMEOUT_MS: String(SESSION_MS),
        KAFKA_CONSUMER_GROUP: topic,
        UPLOAD_TOPIC: topic,
        CAPTIONER_ADDRESS: captioner.address,
        UPLOAD_STORE: join(tmpdir(), topic),
        FILE_ROOTS: PICTURES,
      },
    });
    await untilConsumed(3);
  }

  /** Publishes so many uploads and waits until they have landed. */
  async function untilConsumed(uploads: number): Promise<void> {
    const workload = Workload.plan(topic, [await database.provision()], uploads, new Random(1));
    await publishPatiently(brokers, workload.deliveries(1, new Random(1)).flat());
    await waitFor('all to be consumed', async () => (await groupLag(brokers, topic, topic)) === 0, patience);
  }

  const statement = async (): Promise<string> => (await fetch(readyUrl)).text();

  afterEach(async () => {
    way.clear();
    if (app && app.process.exitCode === null) await app.stop('SIGKILL');
  });

  afterAll(async () => {
    await Promise.all([way?.close(), captioner?.close()]);
    await database?.drop();
  });

  it('ends with an error while the broker answers others', async () => {
    await startPipeline();
    const begun = performance.now();
    way.freezeAll();
    expect(await waitFor('its end', () => app.process.exitCode ?? undefined, patience)).toBe(1);
    const seconds = (performance.now() - begun) / 1000;
    console.log(`ended ${seconds.toFixed(1)} s after its last sign, with a session timeout of ${SESSION_MS / 1000} s`);
    expect(app.output()).toMatch(/the Kafka consumer has shown no (heartbeat|progress)/);
  });

  // in the long version only: on a busy machine the client has taken more than 90 s to come back
  it.runIf(scale().isFull)('goes on, and is not ready, while the broker is away; and consumes again', async () => {
    await startPipeline();
    await waitFor('it to be told of the broker', async () => !(await statement()).includes('broker'), patience);
    way.setWeather({ kind: 'reset' });
    const begun = Date.now();
    const isNotReady = async () => (await statement()).includes('the Kafka broker does not answer');
    await waitFor('it not to be ready', isNotReady, patience);
    // long enough for a watchdog that asks nobody to have barked
    await waitFor('time to pass', () => Date.now() - begun > 2.2 * SESSION_MS, patience);
    expect(app.process.exitCode).toBeNull();
    expect(await isNotReady()).toBe(true);
    way.clear();
    await untilConsumed(3);
    expect(app.process.exitCode).toBeNull();
  });

  // the last one, since the statement hangs for as long as the database is there
  it.runIf(scale().isFull)('ends with an error when landing hangs', async () => {
    await startPipeline();
    await database.query(
      'CREATE OR REPLACE FUNCTION stall() RETURNS trigger AS $$ BEGIN PERFORM pg_sleep(600); END $$ LANGUAGE plpgsql',
    );
    await database.query('CREATE TRIGGER stall BEFORE INSERT ON asset EXECUTE FUNCTION stall()');
    const workload = Workload.plan(topic, [await database.provision()], 1, new Random(1));
    await publishPatiently(brokers, workload.deliveries(1, new Random(1)).flat());
    expect(await waitFor('its end', () => app.process.exitCode ?? undefined, patience)).toBe(1);
  });
});
