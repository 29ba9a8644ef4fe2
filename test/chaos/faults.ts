import { EVENT_TYPES } from '@housestyle/contracts';
import { connectKafka, KafkaEventSource } from '@housestyle/messaging';
import type { Random } from '../support/random.js';
import { waitFor } from '../support/wait-for.js';
import { KAFKA_API, type KafkaRequest } from './kafka-wire.js';
import type { Member } from './member.js';
import { patiently } from './patience.js';
import type { Site, Ways } from './site.js';
import type { TcpProxy, Weather } from './tcp-proxy.js';

/** How long things are broken. */
export interface Severity {
  readonly brokerDownMs: number;
  readonly databaseDownMs: number;
  readonly joins: number;
  readonly weatherMs: number;
  readonly cuts: number;
}

/**
 * Something that goes wrong, and is put right again before it resolves.
 *
 * The named failpoints are none of the product's: it has no switch for them. A process is killed by the proxy in front
 * of it, which reads along and sees an OffsetCommit, a Produce answer, an INSERT or a COMMIT go by.
 */
export interface Fault {
  readonly name: string;
  /** happens only to a pipeline that has something to do, so that work has to come until it does */
  readonly isFailpoint?: true;
  /** @returns whether it happened: a failpoint may not be reached */
  readonly inject: (site: Site, random: Random, severity: Severity) => Promise<boolean>;
}

/** Pipelines, and the ways of each. */
export interface Targets {
  readonly pipelines: readonly Member[];
  readonly ways: readonly Ways[];
}

const targetsOf = ({ fleet, ways }: Site): Targets => ({ pipelines: fleet.pipelines, ways });

/** broker and database may be down meanwhile */
const FAILPOINT_TIMEOUT_MS = 300_000;

export const FAULTS: readonly Fault[] = [
  { name: 'pipeline killed', inject: (site, random) => killSoon(random.pick(site.fleet.pipelines), random) },
  { name: 'captioner killed', inject: (site, random) => killSoon(random.pick(site.fleet.captioners), random) },
  {
    name: 'killed after commit, before offset',
    isFailpoint: true,
    inject: (site) =>
      killAt(targetsOf(site), ({ kafkaTaps }, kill) =>
        listen(kafkaTaps, { onRequest: ({ apiKey }) => apiKey !== KAFKA_API.offsetCommit || kill() }),
      ),
  },
  {
    name: 'killed after publish, before mark',
    isFailpoint: true,
    inject: (site) =>
      killAt(targetsOf(site), ({ kafkaTaps }, kill) =>
        listen(kafkaTaps, { onResponse: (request) => !isOfSuggestions(request) || kill() }),
      ),
  },
  {
    name: 'killed while landing a batch',
    isFailpoint: true,
    inject: (site) => killAtStatement(site, /INSERT INTO asset/),
  },
  {
    name: 'killed while writing captions',
    isFailpoint: true,
    inject: (site) => killAtStatement(site, /INSERT INTO suggestion/),
  },
  {
    name: 'pipeline stopped beyond its session',
    inject: async (site, random) => {
      await random.pick(site.fleet.pipelines).suspend(1.3 * site.options.sessionTimeoutMs);
      return true;
    },
  },
  {
    name: 'captioner stopped',
    inject: async (site, random) => {
      await random.pick(site.fleet.captioners).suspend(random.between(3_000, 7_000));
      return true;
    },
  },
  { name: 'rebalance storm', inject: (site, random, { joins }) => stormOfJoins(site, random, joins) },
  {
    name: 'broker killed and down',
    inject: async ({ broker }, _, { brokerDownMs }) => {
      await broker.kill();
      await pause(brokerDownMs);
      await broker.restart();
      return true;
    },
  },
  {
    name: 'PostgreSQL killed and restarted',
    inject: async (site, _, { databaseDownMs }) => {
      await site.server.kill();
      await pause(databaseDownMs);
      await site.server.restart();
      site.followServer();
      return true;
    },
  },
  {
    name: 'connections cut after COMMIT',
    isFailpoint: true,
    inject: (site, _, { cuts }) => cutAfterCommit(site, cuts),
  },
  { name: 'network drops', inject: (site, random, severity) => weatherOn(site, random, severity, { kind: 'drop' }) },
  {
    name: 'network delays',
    inject: (site, random, severity) =>
      weatherOn(site, random, severity, { kind: 'delay', ms: random.between(50, 400) }),
  },
  { name: 'network resets', inject: (site, random, severity) => weatherOn(site, random, severity, { kind: 'reset' }) },
];

async function killSoon(member: Member, random: Random): Promise<boolean> {
  await pause(random.between(0, 400));
  await member.kill();
  await member.untilReady();
  return true;
}

/** Listens in on every pipeline. The first that comes to the point is killed there and then, and its message kept. */
export async function killAt(
  { pipelines, ways }: Targets,
  arm: (ways: Ways, kill: () => false) => () => void,
): Promise<boolean> {
  let killing: { readonly member: Member; readonly isDead: Promise<void> } | undefined;
  const disarms = pipelines.map((member, n) =>
    arm(ways[n]!, () => {
      killing ??= { member, isDead: member.kill() };
      return false;
    }),
  );
  const isReached = await waitFor('the failpoint', () => killing !== undefined, {
    timeoutMs: FAILPOINT_TIMEOUT_MS,
    everyMs: 10,
  }).catch(() => false);
  for (const disarm of disarms) disarm();
  await killing?.isDead;
  await killing?.member.untilReady();
  return isReached;
}

/** Publishes what the outbox holds: dead letters are Produce requests, too. */
export const isOfSuggestions = ({ apiKey, bytes }: KafkaRequest): boolean =>
  apiKey === KAFKA_API.produce && bytes.includes(EVENT_TYPES.captionSuggested);

/** The statement itself still reaches the server: whatever it does there, nobody hears of it. */
const killAtStatement = (site: Site, pattern: RegExp): Promise<boolean> =>
  killAt(targetsOf(site), ({ postgresTaps }, kill) =>
    listen(postgresTaps, {
      onStatement: ({ sql }) => {
        if (pattern.test(sql)) kill();
        return true;
      },
    }),
  );

export function listen<T>(taps: Set<T>, listener: T): () => void {
  taps.add(listener);
  return () => void taps.delete(listener);
}

/** Members that never handle anything come and go, three at a time; each makes the group form anew. */
async function stormOfJoins(site: Site, random: Random, joins: number): Promise<boolean> {
  const { broker, uploadTopic, consumerGroup, options } = site;
  let left = joins;
  const join = async (): Promise<KafkaEventSource> => {
    const source = new KafkaEventSource(connectKafka({ brokers: [broker.brokers], clientId: 'storm' }), {
      groupId: consumerGroup,
      topics: [uploadTopic],
      sessionTimeoutMs: options.sessionTimeoutMs,
      onFailure: () => undefined,
    });
    try {
      await source.start(() => Promise.reject(new Error('a passer-by handles nothing')));
      return source;
    } catch (error) {
      await source.stop();
      throw error;
    }
  };
  const comeAndGo = async (): Promise<void> => {
    while (left-- > 0) {
      const source = await patiently('a passer-by to find the broker', join);
      await pause(random.between(100, 1_000));
      await source.stop();
    }
  };
  await Promise.all([comeAndGo(), comeAndGo(), comeAndGo()]);
  return true;
}

/** The server may have committed, the client cannot know. */
async function cutAfterCommit({ ways }: Site, cuts: number): Promise<boolean> {
  let left = cuts;
  const disarms = ways.map(({ postgresTaps }) =>
    listen(postgresTaps, {
      onStatement: ({ sql }, connection) => {
        if (left > 0 && /^commit/i.test(sql)) {
          left -= 1;
          setImmediate(() => connection.cut());
        }
        return true;
      },
    }),
  );
  const areMade = await waitFor('the cuts', () => left === 0, { timeoutMs: FAILPOINT_TIMEOUT_MS }).catch(() => false);
  for (const disarm of disarms) disarm();
  return areMade || left < cuts;
}

/** On the way from one pipeline to each of its neighbours, one after the other. */
async function weatherOn({ ways }: Site, random: Random, { weatherMs }: Severity, weather: Weather): Promise<boolean> {
  const { kafka, postgres, captioners } = random.pick(ways);
  const inTurn: readonly TcpProxy[] = random.shuffled([kafka, postgres, ...captioners]);
  for (const proxy of inTurn) {
    proxy.setWeather(weather);
    await pause(weatherMs);
    proxy.clear();
  }
  return true;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
