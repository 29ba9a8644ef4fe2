import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { OutgoingMessage } from '@housestyle/messaging';
import { inject } from 'vitest';
import type { RunningCaptioner } from './captioner.js';
import { startPipeline, uploadEvent, type RunningPipeline } from './pipeline.js';
import { createTestDatabase, type TestDatabase } from './postgres.js';

/** A pipeline on Kafka with a topic and a database of its own, since pipelines share the work of one database. */
export interface PipelineWorld {
  readonly topic: string;
  readonly database: TestDatabase;
  readonly pipeline: RunningPipeline;
  /** The event of an upload, version 1; `fields` (uri, sha256, …) add to it and win. */
  uploadOf(tenantId: string, assetId: string, fields: Readonly<Record<string, unknown>>): OutgoingMessage;
  /** What has become of every asset, by its id. */
  rows(): Promise<AssetRow[]>;
  /** Stops the pipeline and drops the database. */
  close(): Promise<void>;
}

export interface AssetRow extends Record<string, unknown> {
  readonly asset_id: string;
  readonly status: string;
  readonly error_code: string | null;
  readonly attempts: number;
  /** of its suggestion */
  readonly text: string | null;
}

export interface PipelineWorldOptions {
  readonly captioner: RunningCaptioner;
  /** pictures may be read from it, and uploads are stored in it. */
  readonly folder: string;
  /** default: a new one, which the pipeline makes. */
  readonly topic?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

export async function openPipelineWorld({
  captioner,
  folder,
  topic = `uploads-${randomUUID()}`,
  environment,
}: PipelineWorldOptions): Promise<PipelineWorld> {
  const database = await createTestDatabase();
  const pipeline = await startPipeline(database, {
    KAFKA_BROKERS: inject('kafkaBrokers'),
    UPLOAD_TOPIC: topic,
    KAFKA_CONSUMER_GROUP: topic,
    CAPTIONER_ADDRESS: captioner.address,
    UPLOAD_STORE: join(folder, 'uploads'),
    FILE_ROOTS: folder,
    ...environment,
  });
  return {
    topic,
    database,
    pipeline,
    uploadOf: (tenantId, assetId, fields) => uploadEvent(topic, { tenantId, assetId, version: '1', ...fields }),
    rows: () =>
      database.query<AssetRow>(`
        SELECT a.asset_id, a.status, a.error_code, a.attempts, s.text
        FROM asset a LEFT JOIN suggestion s ON s.asset_row_id = a.id ORDER BY a.asset_id`),
    async close() {
      await pipeline.app.stop();
      await database.drop();
    },
  };
}
