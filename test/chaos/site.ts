import { randomUUID } from 'node:crypto';
import { prepareDatabase, provisionTenants } from '@housestyle/database';
import { tenantId } from '@housestyle/domain';
import pg from 'pg';
import { createTopics, startKafka, type KafkaBroker } from '../support/kafka.js';
import { createDatabase } from '../support/postgres.js';
import type { Tables } from './account.js';
import { DatabaseServer } from './database-server.js';
import { grpcTarget, startFleet, type Fleet } from './fleet.js';
import { groupLag } from './group-lag.js';
import { watchKafka, type KafkaListener } from './kafka-wire.js';
import { watchPostgres, type PostgresListener } from './postgres-wire.js';
import { TcpProxy } from './tcp-proxy.js';

const PARTITIONS = 6;
const TENANTS = 8;

export interface SiteOptions {
  readonly pipelines: number;
  readonly captioners: number;
  readonly sessionTimeoutMs: number;
  readonly leaseMs: number;
}

/** The ways of one pipeline, each with its weather and, to brokers and database, somebody who reads along. */
export interface Ways {
  readonly kafka: TcpProxy;
  readonly postgres: TcpProxy;
  /** one to each captioner */
  readonly captioners: readonly TcpProxy[];
  /** who listens in; nobody unless a fault is armed */
  readonly kafkaTaps: Set<KafkaListener>;
  readonly postgresTaps: Set<PostgresListener>;
}

/**
 * An installation of its own: a broker, a PostgreSQL server, captioners and pipelines, all of them processes, with a
 * proxy between each pipeline and each of the others. The harness itself goes past the proxies.
 */
export interface Site {
  readonly options: SiteOptions;
  readonly broker: KafkaBroker;
  readonly server: DatabaseServer;
  readonly database: Tables;
  readonly tenants: readonly string[];
  readonly uploadTopic: string;
  readonly consumerGroup: string;
  readonly fleet: Fleet;
  readonly ways: readonly Ways[];
  /** The database server is on another port now. */
  followServer(): void;
  /** Messages that the consumer group has not committed. */
  lag(): Promise<number>;
  stop(): Promise<void>;
}

export async function startSite(options: SiteOptions): Promise<Site> {
  const closers: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    return await assemble(options, closers, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function assemble(
  options: SiteOptions,
  closers: (() => Promise<unknown>)[],
  stop: () => Promise<void>,
): Promise<Site> {
  const [broker, server] = await Promise.all([startKafka({ detours: options.pipelines }), DatabaseServer.start()]);
  closers.push(
    () => broker.stop(),
    () => server.stop(),
  );
  const { url } = await createDatabase(server.adminUrl, 'chaos');
  await prepareDatabase(url);
  const tenants = Array.from({ length: TENANTS }, () => tenantId(randomUUID()));
  await provisionTenants(
    url,
    tenants.map((id, n) => ({ id, name: `Tenant ${n}`, baseModel: 'demo' })),
  );
  const [uploadTopic, consumerGroup] = ['housestyle.asset.uploaded.v1', 'housestyle-pipeline'];
  await createTopics(broker.brokers, [uploadTopic], PARTITIONS);

  const direct = await TcpProxy.open(server.port);
  closers.push(() => direct.close());
  const databaseUrl = throughPort(url, direct.port);
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 2, connectionTimeoutMillis: 5_000 });
  pool.on('error', () => undefined);
  closers.push(() => pool.end());

  const ways: Ways[] = [];
  const fleet = await startFleet({ uploadTopic, consumerGroup, database: { adminUrl: databaseUrl } }, '', {
    ...options,
    isSupervised: true,
    settingsOf: async (n, captionerPorts) => {
      const way = await openWays(broker.detours[n]!, server.port, captionerPorts);
      ways[n] = way;
      closers.push(() => Promise.all([way.kafka, way.postgres, ...way.captioners].map((proxy) => proxy.close())));
      return {
        DATABASE_URL: throughPort(url, way.postgres.port),
        KAFKA_BROKERS: `127.0.0.1:${way.kafka.port}`,
        KAFKA_SESSION_TIMEOUT_MS: String(options.sessionTimeoutMs),
        CAPTIONER_ADDRESS: grpcTarget(way.captioners.map(({ port }) => port)),
        CAPTION_TIMEOUT_MS: '5000',
      };
    },
  });
  closers.push(() => fleet.stop());

  return {
    options,
    broker,
    server,
    database: {
      query: async <Row extends pg.QueryResultRow>(sql: string) => (await pool.query<Row>(sql)).rows,
    },
    tenants,
    uploadTopic,
    consumerGroup,
    fleet,
    ways,
    followServer: () => {
      for (const proxy of [direct, ...ways.map(({ postgres }) => postgres)]) proxy.targetPort = server.port;
    },
    lag: () => groupLag(broker.brokers, uploadTopic, consumerGroup),
    stop,
  };
}

/** @param detour of the broker, where the first of them listens */
export async function openWays(
  detour: { readonly port: number; readonly advertisedPort: number },
  postgresPort: number,
  captionerPorts: readonly number[],
): Promise<Ways> {
  const kafka = await TcpProxy.open(detour.port, detour.advertisedPort);
  const postgres = await TcpProxy.open(postgresPort);
  const kafkaTaps = new Set<KafkaListener>();
  const postgresTaps = new Set<PostgresListener>();
  kafka.watcher = watchKafka(kafkaTaps);
  postgres.watcher = watchPostgres(postgresTaps);
  const captioners = await Promise.all(captionerPorts.map((port) => TcpProxy.open(port)));
  return { kafka, postgres, captioners, kafkaTaps, postgresTaps };
}

/** The same server, reached through a proxy. */
export function throughPort(url: string, port: number): string {
  const changed = new URL(url);
  changed.port = String(port);
  return changed.toString();
}
