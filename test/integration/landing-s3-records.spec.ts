import { BucketMappingRepository, LandingRepository } from '@housestyle/database';
import type { IncomingMessage } from '@housestyle/messaging';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LandingConsumer } from '../../apps/pipeline/dist/landing/landing.consumer.js';
import { PipelineMetrics } from '../../apps/pipeline/dist/pipeline-metrics.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';

let test: TestDatabase;

beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test?.drop());

const TOPIC = 'bucket-events';

const record = (bucket: string, key: string) => ({
  eventName: 'ObjectCreated:Put',
  s3: { bucket: { name: bucket }, object: { key, size: 1, sequencer: '01' } },
});

const notification = (records: readonly unknown[]): IncomingMessage => ({
  topic: TOPIC,
  partition: 0,
  offset: '0',
  timestamp: '0',
  key: null,
  value: Buffer.from(JSON.stringify({ Records: records })),
  headers: {},
});

it('lands the good records of a notification, and rejects it once, naming the bad ones', async () => {
  await test.provision({ bucketMappings: [{ bucket: 'pictures' }] });
  const { database } = test;
  const consumer = new LandingConsumer(
    new LandingRepository(database),
    new BucketMappingRepository(database),
    new PipelineMetrics(),
    TOPIC,
  );
  const mixed = notification([
    record('pictures', 'a.png'),
    record('strangers', 'b.png'),
    { eventName: 'ObjectCreated:Put' },
    record('pictures', '%E0%A4%A'),
    record('pictures', 'x'.repeat(1_100)),
    record('pictures', 'c.png'),
  ]);
  const rejections = await consumer.land([mixed, notification([record('pictures', 'd.png')])]);

  const rows = await test.query<{ asset_id: string }>('SELECT asset_id FROM asset ORDER BY asset_id');
  expect(rows.map((row) => row.asset_id)).toEqual(['a.png', 'c.png', 'd.png']);
  expect(rejections.map(({ message }) => message)).toEqual([mixed]);
  const { code, message } = rejections[0]!.error;
  expect(code).toBe('malformed_event');
  for (const named of ['Records.2: ', 'Records.3: ', 'strangers/b.png', '"xxxx']) expect(message).toContain(named);
});
