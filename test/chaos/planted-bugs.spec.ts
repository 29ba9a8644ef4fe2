import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { startCaptioner, type RunningCaptioner } from '../support/captioner.js';
import { describeWith } from '../support/describe-with.js';
import { createTopics } from '../support/kafka.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { Random } from '../support/random.js';
import { requirements } from '../support/requirements.js';
import { waitFor } from '../support/wait-for.js';
import { readTables, readTopics } from './account.js';
import { captionDirectly } from './bare-captioner.js';
import { check, complaints, type Verdict } from './checker.js';
import { drain } from './drain.js';
import { isOfSuggestions, killAt, listen, type Targets } from './faults.js';
import { groupLag } from './group-lag.js';
import { KAFKA_API } from './kafka-wire.js';
import { PICTURES } from './library.js';
import { Member } from './member.js';
import { PATIENCE_MS } from './patience.js';
import { scale } from './scale.js';
import { openWays, throughPort, type Ways } from './site.js';
import { publishPatiently, Workload } from './workload.js';

const UPLOADS = 40;
const LEASE_MS = 2_000;
/** many leases; without a bug nothing is left that could be quiet, and only a busy machine may take its time */
const QUIET_MS = { planted: 20_000, sound: 120_000 };

interface Trial extends Targets {
  readonly database: TestDatabase;
  readonly lag: () => Promise<number>;
}

interface PlantedBug {
  readonly name: string;
  /** what has to go wrong for the bug to do harm */
  readonly fault: string;
  readonly provoke?: (trial: Trial) => Promise<unknown>;
  /** before the pipeline starts */
  readonly plant?: (database: TestDatabase) => Promise<unknown>;
  readonly caughtBy: keyof Verdict;
  /** quick enough for every `npm test` */
  readonly isQuick?: boolean;
}

const BUGS: readonly PlantedBug[] = [
  {
    name: 'no unique key',
    fault: 'every message three times',
    plant: (database) => database.query('DROP INDEX asset_tenant_id_asset_id_version_key'),
    caughtBy: 'duplicated',
    isQuick: true,
  },
  {
    name: 'outbox marked before publish',
    fault: 'killed as it begins to publish',
    provoke: (trial) =>
      killAt(trial, ({ kafkaTaps }, kill) =>
        listen(kafkaTaps, {
          onRequest: (request) => !isOfSuggestions(request) || kill(),
        }),
      ),
    caughtBy: 'eventsLost',
    isQuick: true,
  },
  {
    name: 'commit offset before write',
    fault: 'killed as it begins to land',
    provoke: (trial) => killAtWrite(trial, /INSERT INTO asset/),
    caughtBy: 'lost',
  },
  {
    name: 'lease never expires',
    fault: 'killed as it writes captions',
    provoke: (trial) => killAtWrite(trial, /INSERT INTO suggestion/),
    caughtBy: 'stuck',
  },
  {
    name: 'swallowed dead-letter failure',
    fault: 'connections reset as dead letters are sent',
    provoke: async ({ pipelines, ways, lag }) => {
      let cuts = 0;
      const disarms = ways.map(({ kafkaTaps }) =>
        listen(kafkaTaps, {
          onRequest: ({ apiKey, bytes }, connection) => {
            if (apiKey !== KAFKA_API.produce || !bytes.includes('.dlt')) return true;
            cuts += 1;
            connection.cut();
            return false;
          },
        }),
      );
      // who does not swallow the failure says so, and commits nothing
      const isHandedOn = () => pipelines.some((member) => member.words().includes('events could not land'));
      const isSwallowed = async () => cuts > 0 && (await lag()) === 0;
      const isOver = async () => isHandedOn() || (await isSwallowed());
      await waitFor('the client to give up', isOver, { timeoutMs: PATIENCE_MS, everyMs: 200 });
      for (const disarm of disarms) disarm();
    },
    caughtBy: 'lost',
  },
];

/** The statement never reaches the server. */
const killAtWrite = (trial: Trial, pattern: RegExp): Promise<boolean> =>
  killAt(trial, ({ postgresTaps }, kill) =>
    listen(postgresTaps, { onStatement: ({ sql }) => !pattern.test(sql) || kill() }),
  );

const { isFull } = scale();
const tried = BUGS.filter(({ isQuick }) => isFull || isQuick);

describeWith([requirements.kafka()], 'the checker, of a pipeline with a planted bug', () => {
  const brokers = inject('kafkaBrokers');
  const table: Record<string, { fault: string; 'the checker says': string; 'without the bug': string }> = {};
  let captioner: RunningCaptioner;

  beforeAll(async () => {
    captioner = await startCaptioner();
  });

  afterAll(async () => {
    await captioner?.close();
    console.table(table);
  });

  async function run(bug: PlantedBug, planted: string): Promise<Verdict> {
    const closers: (() => Promise<unknown>)[] = [];
    try {
      return await runWith(bug, planted, closers);
    } finally {
      for (const close of closers.reverse()) await close();
    }
  }

  async function runWith(
    { plant, provoke }: PlantedBug,
    planted: string,
    closers: (() => Promise<unknown>)[],
  ): Promise<Verdict> {
    const database = await createTestDatabase();
    closers.push(() => database.drop());
    const tenants = [await database.provision(), await database.provision()];
    const id = randomUUID().slice(0, 8);
    const topic = `uploads-${id}`;
    await createTopics(brokers, [topic, `${topic}.dlt`]);
    const workload = Workload.plan(topic, tenants, UPLOADS, new Random(1));
    const { captions } = await captionDirectly(captioner.client, workload.files);
    if (planted !== 'none') await plant?.(database);

    const port = Number(new URL(database.adminUrl).port);
    const ways = await openWays(inject('kafkaDetours')!.plantedBugs, port, [Number(captioner.address.split(':')[1])]);
    closers.push(() => closeWays(ways));
    const member = await Member.start('pipeline', 'pipeline', environmentOf(database, ways, topic, id, planted), {
      isSupervised: true,
      main: 'test/chaos/planted/pipeline.main.mjs',
    });
    closers.push(() => member.stop());

    const trial = { pipelines: [member], ways: [ways], database, lag: () => groupLag(brokers, topic, id) };
    const provoking = provoke?.(trial);
    for (const part of workload.deliveries(1, new Random(1))) await publishPatiently(brokers, part);
    await provoking;
    const lag = await drain(trial, planted === 'none' ? QUIET_MS.sound : QUIET_MS.planted);
    const topics = await readTopics(brokers, topic, new Set<string>(tenants));
    return check(workload.sent(captions), { ...(await readTables(database)), ...topics, lag });
  }

  it.each(tried.map((bug) => [bug.name, bug] as const))(
    'complains about: %s',
    async (name, bug) => {
      const verdict = await run(bug, name);
      const sound = isFull ? complaints(await run(bug, 'none')) : undefined;
      table[name] = {
        fault: bug.fault,
        'the checker says': complaints(verdict).join(', '),
        'without the bug': sound === undefined ? 'not run' : sound.join(', ') || 'nothing',
      };
      expect(verdict[bug.caughtBy]).toBeGreaterThan(0);
      expect(sound ?? []).toEqual([]);
    },
    isFull ? 1_200_000 : 300_000,
  );
});

function environmentOf(database: TestDatabase, ways: Ways, topic: string, groupId: string, planted: string) {
  return {
    PLANTED_BUG: planted,
    DATABASE_URL: throughPort(database.adminUrl, ways.postgres.port),
    KAFKA_BROKERS: `127.0.0.1:${ways.kafka.port}`,
    KAFKA_SESSION_TIMEOUT_MS: '6000',
    KAFKA_CONSUMER_GROUP: groupId,
    UPLOAD_TOPIC: topic,
    CAPTIONER_ADDRESS: `127.0.0.1:${ways.captioners[0]!.port}`,
    UPLOAD_STORE: join(tmpdir(), `uploads-${groupId}`),
    FILE_ROOTS: PICTURES,
    LEASE_MS: String(LEASE_MS),
  };
}

async function closeWays({ kafka, postgres, captioners }: Ways): Promise<void> {
  await Promise.all([kafka, postgres, ...captioners].map((proxy) => proxy.close()));
}
