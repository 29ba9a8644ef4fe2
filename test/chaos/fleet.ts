import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CaptionerClient } from '@housestyle/contracts/captioner';
import { startApp, type AppProcess } from '../support/app-process.js';
import { freePort } from '../support/free-port.js';
import { PICTURES, type Library } from './library.js';

/** A captioner and some pipelines as processes of their own, each of which may be killed and started again. */
export interface Fleet {
  readonly captioner: Member;
  readonly pipelines: readonly Member[];
  readonly client: CaptionerClient;
  stop(): Promise<void>;
}

export interface Member {
  /** SIGKILL: no farewell, no clean-up */
  kill(): Promise<void>;
  /** starts the same process anew, on the same ports */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export async function startFleet(
  library: Library,
  brokers: string,
  { pipelines = 2, leaseMs = 60_000 } = {},
): Promise<Fleet> {
  const folder = await mkdtemp(join(tmpdir(), 'housestyle-fleet-'));
  const captionerPort = await freePort();
  const captioner = await startMember('captioner', {
    CAPTIONER_PORT: String(captionerPort),
    ARTEFACT_STORE: join(folder, 'artefacts'),
    MAPPER_CACHE: join(folder, 'mapper-cache'),
  });
  const environment = {
    DATABASE_URL: library.database.adminUrl,
    KAFKA_BROKERS: brokers,
    UPLOAD_TOPIC: library.uploadTopic,
    KAFKA_CONSUMER_GROUP: library.consumerGroup,
    CAPTIONER_ADDRESS: `127.0.0.1:${captionerPort}`,
    UPLOAD_STORE: join(folder, 'uploads'),
    FILE_ROOTS: PICTURES,
    LEASE_MS: String(leaseMs),
  };
  const members = await Promise.all(Array.from({ length: pipelines }, () => startMember('pipeline', environment)));
  const client = new CaptionerClient(`127.0.0.1:${captionerPort}`);
  return {
    captioner,
    pipelines: members,
    client,
    stop: async () => {
      client.close();
      await Promise.all(members.map((member) => member.stop()));
      await captioner.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function startMember(app: string, environment: Readonly<Record<string, string>>): Promise<Member> {
  const metricsPort = await freePort();
  const start = (): Promise<AppProcess> =>
    startApp(app, {
      environment: { ...environment, METRICS_PORT: String(metricsPort) },
      readyUrl: `http://127.0.0.1:${metricsPort}/readyz`,
    });
  let running = await start();
  return {
    kill: async () => void (await running.stop('SIGKILL')),
    restart: async () => {
      running = await start();
    },
    stop: async () => {
      const { exitCode, signalCode } = running.process;
      if (exitCode === null && signalCode === null) await running.stop();
    },
  };
}
