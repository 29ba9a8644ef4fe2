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
import { Random } from '../support/random.js';
import { requirements } from '../support/requirements.js';
import { waitFor } from '../support/wait-for.js';
import { groupLag } from './group-lag.js';
import { PICTURES } from './library.js';
import { scale } from './scale.js';
import { TcpProxy } from './tcp-proxy.js';
import { publishPatiently, Workload } from './workload.js';

/** the shortest that brokers allow */
const SESSION_MS = 6_000;
const LATENESS_TICK_MS = 100;
const patience = { timeoutMs: 90_000 };

/** ms by which a timer that is due ten times a second came late, all in all: what this machine took from its processes */
function watchLateness(): { stop: () => number } {
  const begun = performance.now();
  let ticks = 0;
  const timer = setInterval(() => (ticks += 1), LATENESS_TICK_MS);
  return {
    stop: () => {
      clearInterval(timer);
      return Math.max(0, performance.now() - begun - (ticks + 1) * LATENESS_TICK_MS);
    },
  };
}

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
    const { port, advertisedPort } = inject('kafkaDetours')!.silentConsumer;
    way = await TcpProxy.open(port, advertisedPort);
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
    const isOver = async () => app.process.exitCode !== null || (await groupLag(brokers, topic, topic)) === 0;
    await waitFor('all to be consumed', isOver, patience);
    expect(app.process.exitCode, app.output()).toBeNull();
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
    const lateness = watchLateness();
    way.freezeAll();
    expect(await waitFor('its end', () => app.process.exitCode ?? undefined, patience)).toBe(1);
    const lateMs = lateness.stop();
    const endedMs = performance.now() - begun;
    const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
    const session = `with a session timeout of ${seconds(SESSION_MS)}`;
    console.log(
      `ended ${seconds(endedMs)} after its last sign, ${session}; timers here were late by ${seconds(lateMs)}`,
    );
    const [, silentMs] = /the Kafka consumer has shown no (?:heartbeat|progress) for (\d+) ms/.exec(app.output()) ?? [];
    // by its own clock first, then by ours: a process that gets no time of the processor cannot use it
    expect(Number(silentMs)).toBeLessThan(1.8 * SESSION_MS);
    expect(endedMs - lateMs).toBeLessThan(2 * SESSION_MS);
  });

  it('goes on, and is not ready, while the broker is away; and consumes again', async () => {
    await startPipeline();
    await waitFor('it to be told of the broker', async () => !(await statement()).includes('broker'), patience);
    way.setWeather({ kind: 'reset' });
    const begun = Date.now();
    const isNotReady = async () => (await statement()).includes('the Kafka broker does not answer');
    await waitFor('it not to be ready', isNotReady, patience);
    // long enough for a watchdog that asks nobody to have barked
    await waitFor('time to pass', () => Date.now() - begun > 1.8 * SESSION_MS, patience);
    expect(app.process.exitCode).toBeNull();
    expect(await isNotReady()).toBe(true);
    way.clear();
    // `connectKafka` allows three pauses of 1.5 s, the group waits a session for who was in it: the deadline is eight times that
    await untilConsumed(3);
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
