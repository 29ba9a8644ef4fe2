import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TenantId } from '@housestyle/domain';
import type { OutgoingMessage } from '@housestyle/messaging';
import { S3ObjectStore } from '@housestyle/object-store';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { startCaptioner, type RunningCaptioner } from '../support/captioner.js';
import { describeWith } from '../support/describe-with.js';
import { publish, readTopic, startPipeline, type RunningPipeline } from '../support/pipeline.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { requirements } from '../support/requirements.js';
import { startS3, type S3Server } from '../support/s3.js';
import { waitFor } from '../support/wait-for.js';

const brokers = inject('kafkaBrokers');
const BUCKET = 'pictures';
const CREDENTIALS = { accessKeyId: 'spec', secretAccessKey: 'spec' };

describeWith([requirements.kafka(), requirements.s3()], 'S3 notifications', () => {
  const topic = `bucket-${randomUUID()}`;
  let folder = '';
  let s3: S3Server;
  let database: TestDatabase;
  let captioner: RunningCaptioner;
  let pipeline: RunningPipeline;
  let whole: TenantId;
  let part: TenantId;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'housestyle-notifications-'));
    [s3, captioner, database] = await Promise.all([startS3([BUCKET]), startCaptioner(), createTestDatabase()]);
    whole = await database.provision({ bucketMappings: [{ bucket: BUCKET }] });
    part = await database.provision({ bucketMappings: [{ bucket: BUCKET, prefix: 'museum/' }] });
    pipeline = await startPipeline(database, {
      KAFKA_BROKERS: brokers,
      UPLOAD_TOPIC: `uploads-${randomUUID()}`,
      S3_NOTIFICATION_TOPIC: topic,
      KAFKA_CONSUMER_GROUP: topic,
      CAPTIONER_ADDRESS: captioner.address,
      UPLOAD_STORE: join(folder, 'uploads'),
      S3_ENDPOINT: s3.endpoint,
      S3_BUCKETS: BUCKET,
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    });
  });

  afterAll(async () => {
    await pipeline?.app.stop();
    await Promise.all([captioner?.close(), s3?.stop(), database?.drop()]);
    await rm(folder, { recursive: true, force: true });
  });

  const notification = (records: readonly [bucket: string, key: string, eventName?: string][]): OutgoingMessage => ({
    topic,
    key: null,
    headers: {},
    value: JSON.stringify({
      Records: records.map(([bucket, key, eventName = 's3:ObjectCreated:Put']) => ({
        eventName,
        s3: {
          bucket: { name: bucket },
          object: { key: encodeURIComponent(key).replaceAll('%20', '+'), size: 1, sequencer: '0055AED6DCD90281E5' },
        },
      })),
    }),
  });

  it('become captions of whoever owns the bucket and prefix; what nobody owns is moved aside', async () => {
    const store = new S3ObjectStore({ endpoint: s3.endpoint, bucket: BUCKET, prefix: '', credentials: CREDENTIALS });
    const keys = ['summer/a picture+1.png', 'museum/ü.png', 'museum/gone.png'];
    await store.put(keys[0]!, await readFile('samples/samples-00000.png'));
    await store.put(keys[1]!, await readFile('samples/samples-00001.png'));
    await publish(brokers, [
      { topic, key: null, headers: {}, value: JSON.stringify({ Service: 'Amazon S3', Event: 's3:TestEvent' }) },
      notification([
        [BUCKET, keys[0]!],
        ['strangers', 'x.png'],
        [BUCKET, keys[1]!],
      ]),
      { topic, key: null, headers: {}, value: '<xml/>' },
      notification([
        [BUCKET, keys[2]!],
        [BUCKET, keys[0]!, 's3:ObjectRemoved:Delete'],
      ]),
    ]);

    const rows = await waitFor('three assets to end', async () => {
      const found = await database.query(
        `SELECT tenant_id, asset_id, version, status, error_code FROM asset
         WHERE status <> 'received' ORDER BY asset_id COLLATE "C"`,
      );
      return found.length === 3 && found;
    });
    const row = (tenant_id: TenantId, asset_id: string, error_code: string | null) => ({
      tenant_id,
      asset_id,
      version: '0055AED6DCD90281E5',
      status: error_code ? 'failed' : 'captioned',
      error_code,
    });
    expect(rows).toEqual([
      row(part, 'museum/gone.png', 'source_not_found'),
      row(part, 'museum/ü.png', null),
      row(whole, 'summer/a picture+1.png', null),
    ]);
    const letters = await readTopic(brokers, `${topic}.dlt`, (seen) => seen.length >= 2);
    expect(letters.map(({ headers }) => String(headers['housestyle-error-code'])).sort()).toEqual([
      'malformed_event',
      'unmapped_bucket',
    ]);
  });
});
