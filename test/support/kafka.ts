import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Kafka, logLevel, type Admin } from 'kafkajs';
import { TestAuthority } from './certificates.js';
import { freePorts } from './free-port.js';
import { waitFor } from './wait-for.js';

export const KAFKA_VERSION = '4.3.1';
const LOG4J_VERSION = '2.24.3';
const CACHE_DIR = join(
  process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
  'housestyle',
  `kafka-${KAFKA_VERSION}`,
);

const run = promisify(execFile);

/** who may log in where a password is asked for */
const USER = { username: 'dam', password: 'test-only' };

/**
 * A second way in. Whoever comes through `port` is told that the broker is at `advertisedPort`, where a test listens
 * and decides what gets through.
 */
export interface KafkaDetour {
  readonly port: number;
  readonly advertisedPort: number;
}

/** Ways in for who knows the authority of the broker's certificate, and is known to the broker. */
export interface SecureKafka {
  /** by a password. */
  readonly brokers: string;
  readonly username: string;
  readonly password: string;
  /** by a certificate of the same authority. */
  readonly mutual: { readonly brokers: string; readonly certificate: string; readonly key: string };
  /** PEM, as certificate and key are */
  readonly authority: string;
}

export interface KafkaBroker {
  /** `host:port` */
  readonly brokers: string;
  readonly secure: SecureKafka;
  readonly detours: readonly KafkaDetour[];
  /** SIGKILL; what it was given stays on the disk */
  kill(): Promise<void>;
  /** Starts it anew on the same data and ports, and waits until it answers. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** One Apache Kafka node (KRaft, broker and controller in one) on free ports; its jars come from Maven Central once. */
export async function startKafka({ detours: detourCount = 0 } = {}): Promise<KafkaBroker> {
  const classPath = join(await fetchJars(), '*');
  const home = await mkdtemp(join(tmpdir(), 'housestyle-kafka-'));
  const [port, securePort, mutualPort, controllerPort, ...ports] = (await freePorts(4 + 2 * detourCount)) as [
    number,
    number,
    number,
    number,
    ...number[],
  ];
  const detours = Array.from({ length: detourCount }, (_, n) => ({
    port: ports[2 * n]!,
    advertisedPort: ports[2 * n + 1]!,
  }));
  const properties = join(home, 'server.properties');
  await writeFile(properties, serverProperties(home, { port, securePort, mutualPort, controllerPort }, detours));
  const authority = await TestAuthority.create();
  const broker = await authority.issue({ names: ['127.0.0.1'] });
  const client = await authority.issue({ names: [USER.username] });
  await writeFile(join(home, 'broker.pem'), `${String(broker.key)}\n${String(broker.certificate)}\n`);
  await writeFile(join(home, 'authority.pem'), authority.pem);
  await writeFile(join(home, 'log4j2.properties'), 'rootLogger.level=error\n');
  const clusterId = Buffer.from(home).toString('base64url').padEnd(22, 'A').slice(-22);
  const user = ['--add-scram', `SCRAM-SHA-512=[name=${USER.username},password=${USER.password}]`];
  await run('java', [
    '-cp',
    classPath,
    'kafka.tools.StorageTool',
    'format',
    '-t',
    clusterId,
    '-c',
    properties,
    ...user,
  ]);

  const brokers = `127.0.0.1:${port}`;
  let server = launch(classPath, home, properties);
  const kill = async (): Promise<void> => {
    server.process.kill('SIGKILL');
    await server.exited;
  };
  const untilReady = async (): Promise<void> => {
    const { process, exited } = server;
    const hasExited = () => process.exitCode !== null || process.signalCode !== null;
    const answers = () =>
      hasExited() || withAdmin(brokers, async (admin) => (await admin.describeCluster()).brokers.length === 1);
    await Promise.race([exited, waitFor('Kafka', answers, { timeoutMs: 300_000 })]);
    if (hasExited()) throw new Error(`it exited with ${process.exitCode ?? process.signalCode}`);
  };
  const stop = async (): Promise<void> => {
    await kill();
    await rm(home, { recursive: true, force: true });
  };
  const restart = (): Promise<unknown> => {
    server = launch(classPath, home, properties);
    return untilReady();
  };
  try {
    await untilReady();
  } catch (error) {
    await stop();
    throw new Error(`Kafka did not start:\n${server.output()}`, { cause: error });
  }
  const mutual = {
    brokers: `127.0.0.1:${mutualPort}`,
    certificate: String(client.certificate),
    key: String(client.key),
  };
  const secure = { brokers: `127.0.0.1:${securePort}`, ...USER, mutual, authority: String(authority.pem) };
  return { brokers, secure, detours, kill, restart: async () => void (await restart()), stop };
}

function launch(classPath: string, home: string, properties: string) {
  const server = spawn(
    'java',
    [
      '-Xmx512m',
      '-XX:TieredStopAtLevel=1',
      `-Dlog4j2.configurationFile=${join(home, 'log4j2.properties')}`,
      ...['-cp', classPath, 'kafka.Kafka', properties],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const exited = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  return { process: server, output: keepTail(server), exited };
}

/** Makes topics of `numPartitions` partitions each; they exist and have leaders when this returns. */
export function createTopics(brokers: string, topics: readonly string[], numPartitions = 1): Promise<void> {
  return withAdmin(brokers, async (admin) => {
    // the client's own waiting fails at once on a topic that the broker has not heard of yet
    await admin.createTopics({ waitForLeaders: false, topics: topics.map((topic) => ({ topic, numPartitions })) });
    await waitFor('leaders', async () => {
      const metadata = await admin.fetchTopicMetadata({ topics: [...topics] });
      return metadata.topics.every(({ partitions }) => partitions.every(({ leader }) => leader >= 0));
    });
  });
}

/** Connects an admin client for the length of `use`. */
export async function withAdmin<T>(brokers: string, use: (admin: Admin) => Promise<T>): Promise<T> {
  const kafka = new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING, retry: { retries: 3 } });
  const admin = kafka.admin();
  await admin.connect();
  try {
    return await use(admin);
  } finally {
    await admin.disconnect();
  }
}

interface Ports {
  readonly port: number;
  readonly securePort: number;
  readonly mutualPort: number;
  readonly controllerPort: number;
}

const serverProperties = (
  home: string,
  { port, securePort, mutualPort, controllerPort }: Ports,
  detours: readonly KafkaDetour[],
): string => {
  const ways = detours.map((detour, n) => ({ name: `DETOUR${n}`, ...detour }));
  const own = { name: 'PLAINTEXT', port, advertisedPort: port };
  const secure = { name: 'SECURE', port: securePort, advertisedPort: securePort };
  const mutual = { name: 'MUTUAL', port: mutualPort, advertisedPort: mutualPort };
  const controller = { name: 'CONTROLLER', port: controllerPort };
  const at = (name: string, listenerPort: number) => `${name}://127.0.0.1:${listenerPort}`;
  return [
    'process.roles=broker,controller',
    'node.id=1',
    `listeners=${[own, secure, mutual, controller, ...ways].map((way) => at(way.name, way.port)).join()}`,
    `advertised.listeners=${[own, secure, mutual, ...ways].map((way) => at(way.name, way.advertisedPort)).join()}`,
    'controller.listener.names=CONTROLLER',
    `controller.quorum.voters=1@127.0.0.1:${controllerPort}`,
    `listener.security.protocol.map=SECURE:SASL_SSL,MUTUAL:SSL,${[own, controller, ...ways].map(({ name }) => `${name}:PLAINTEXT`).join()}`,
    ...['secure', 'mutual'].flatMap((name) => [
      `listener.name.${name}.ssl.keystore.type=PEM`,
      `listener.name.${name}.ssl.keystore.location=${join(home, 'broker.pem')}`,
    ]),
    'listener.name.mutual.ssl.client.auth=required',
    'listener.name.mutual.ssl.truststore.type=PEM',
    `listener.name.mutual.ssl.truststore.location=${join(home, 'authority.pem')}`,
    'listener.name.secure.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512',
    `listener.name.secure.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_${USER.username}="${USER.password}";`,
    'listener.name.secure.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;',
    'inter.broker.listener.name=PLAINTEXT',
    `log.dirs=${join(home, 'data')}`,
    'auto.create.topics.enable=false',
    'num.partitions=1',
    'default.replication.factor=1',
    'offsets.topic.replication.factor=1',
    'offsets.topic.num.partitions=1',
    'transaction.state.log.replication.factor=1',
    'transaction.state.log.min.isr=1',
    'group.initial.rebalance.delay.ms=0',
  ].join('\n');
};

/** Runs side by side download into folders of their own, and the first rename wins. */
async function fetchJars(): Promise<string> {
  const jars = join(CACHE_DIR, 'jars');
  if (existsSync(jars)) return jars;
  await mkdir(CACHE_DIR, { recursive: true });
  const unfinished = await mkdtemp(join(CACHE_DIR, 'download-'));
  await writeFile(join(unfinished, 'pom.xml'), POM);
  const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', '-DoutputDirectory=jars'];
  await run('mvn', ['-q', '-B', '-f', join(unfinished, 'pom.xml'), ...goal], { cwd: unfinished });
  await rename(join(unfinished, 'jars'), jars).catch((error: unknown) => {
    if (!existsSync(jars)) throw error;
  });
  await rm(unfinished, { recursive: true, force: true });
  return jars;
}

const dependency = (groupId: string, artifactId: string, version: string): string =>
  `<dependency><groupId>${groupId}</groupId><artifactId>${artifactId}</artifactId><version>${version}</version></dependency>`;

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>housestyle</groupId>
  <artifactId>kafka-for-tests</artifactId>
  <version>1</version>
  <dependencies>
    ${dependency('org.apache.kafka', 'kafka_2.13', KAFKA_VERSION)}
    ${dependency('org.apache.logging.log4j', 'log4j-core', LOG4J_VERSION)}
    ${dependency('org.apache.logging.log4j', 'log4j-slf4j-impl', LOG4J_VERSION)}
  </dependencies>
</project>
`;

function keepTail(server: ChildProcess): () => string {
  let tail = '';
  for (const stream of [server.stdout, server.stderr]) {
    stream?.on('data', (chunk: Buffer) => (tail = (tail + chunk.toString()).slice(-4_000)));
  }
  return () => tail;
}
