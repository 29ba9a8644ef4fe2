import { randomUUID } from 'node:crypto';
import { EVENT_TYPES } from '@housestyle/contracts';
import {
  connectKafka,
  KafkaEventSink,
  KafkaEventSource,
  toCloudEventMessage,
  type IncomingMessage,
  type OutgoingMessage,
} from '@housestyle/messaging';
import { startApp, type AppProcess } from './app-process.js';
import { freePort } from './free-port.js';
import type { TestDatabase } from './postgres.js';
import { waitFor } from './wait-for.js';

export interface RunningPipeline {
  readonly app: AppProcess;
  readonly readyUrl: string;
  /** The value of a metric without labels; 0 while it has none. */
  metric(name: string): Promise<number>;
}

/** A pipeline process of its own on `database`. */
export async function startPipeline(
  database: TestDatabase,
  environment: Readonly<Record<string, string>>,
): Promise<RunningPipeline> {
  const metricsPort = await freePort();
  const url = `http://127.0.0.1:${metricsPort}`;
  const readyUrl = `${url}/readyz`;
  const app = await startApp('pipeline', {
    environment: { DATABASE_URL: database.adminUrl, METRICS_PORT: String(metricsPort), ...environment },
    readyUrl,
  });
  const metric = async (name: string): Promise<number> => {
    const text = await (await fetch(`${url}/metrics`)).text();
    return Number(new RegExp(`^${name}(?:{[^}]*})? (\\S+)$`, 'm').exec(text)?.[1] ?? 0);
  };
  return { app, readyUrl, metric };
}

/** An upload event as a media library would send it. */
export const uploadEvent = (topic: string, data: Record<string, unknown>): OutgoingMessage =>
  toCloudEventMessage(
    {
      id: randomUUID(),
      type: EVENT_TYPES.assetUploaded,
      key: `${String(data['tenantId'])}/${String(data['assetId'])}`,
      time: new Date(),
      data,
    },
    topic,
  );

export async function publish(brokers: string, messages: readonly OutgoingMessage[]): Promise<void> {
  const sink = new KafkaEventSink(connectKafka({ brokers: [brokers], clientId: 'spec' }));
  await sink.publish(messages);
  await sink.close();
}

/** Reads `topic` from its beginning until `isEnough` says so. */
export async function readTopic(
  brokers: string,
  topic: string,
  isEnough: (messages: readonly IncomingMessage[]) => boolean,
): Promise<IncomingMessage[]> {
  const seen: IncomingMessage[] = [];
  const failures: Error[] = [];
  const source = new KafkaEventSource(connectKafka({ brokers: [brokers], clientId: 'spec' }), {
    groupId: `spec-${randomUUID()}`,
    topics: [topic],
    onFailure: (error) => failures.push(error),
  });
  await source.start(async (messages) => void seen.push(...messages));
  try {
    await waitFor(`messages of ${topic}`, () => {
      if (failures[0]) throw failures[0];
      return isEnough(seen);
    });
  } finally {
    await source.stop();
  }
  return seen;
}
