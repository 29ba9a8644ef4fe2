import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { EVENT_TYPES } from '@housestyle/contracts';
import type { TenantId } from '@housestyle/domain';
import { connectKafka, KafkaEventSink, toCloudEventMessage } from '@housestyle/messaging';
import { createTopics } from '../support/kafka.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { groupLag } from './group-lag.js';

export const PICTURES = resolve('test/parity/goldens/images/test');
const PARTITIONS = 6;

export interface Picture {
  readonly tenantId: TenantId;
  /** the file's name; no two tenants share one, so a caption tells whose picture it was made from */
  readonly assetId: string;
}

/** Ten tenants' thousand pictures, the topics of one run, and the database that must end up holding their captions. */
export interface Library {
  readonly database: TestDatabase;
  readonly pictures: readonly Picture[];
  readonly uploadTopic: string;
  readonly consumerGroup: string;
  /** Sends the upload event of every picture, in an order of its own. */
  publish(): Promise<void>;
  /** Events published and not yet landed. */
  lag(): Promise<number>;
}

export async function createLibrary(brokers: string, { tenants = 10, pictures = 1000 } = {}): Promise<Library> {
  const database = await createTestDatabase();
  const ids = await Promise.all(Array.from({ length: tenants }, (_, n) => database.provision({ name: `Tenant ${n}` })));
  const files = readdirSync(PICTURES).sort().slice(0, pictures);
  const owned = files.map((assetId, n): Picture => ({ tenantId: ids[n % tenants]!, assetId }));
  const run = randomUUID().slice(0, 8);
  const uploadTopic = `uploads-${run}`;
  const consumerGroup = `pipeline-${run}`;
  await createTopics(brokers, [uploadTopic], PARTITIONS);
  await createTopics(brokers, [`${uploadTopic}.dlt`]);
  return {
    database,
    pictures: owned,
    uploadTopic,
    consumerGroup,
    publish: () => publish(brokers, uploadTopic, owned),
    lag: () => groupLag(brokers, uploadTopic, consumerGroup),
  };
}

async function publish(brokers: string, topic: string, pictures: readonly Picture[]): Promise<void> {
  const sink = new KafkaEventSink(connectKafka({ brokers: [brokers], clientId: 'dam' }));
  await sink.publish(
    pictures.map(({ tenantId, assetId }) =>
      toCloudEventMessage(
        {
          id: randomUUID(),
          type: EVENT_TYPES.assetUploaded,
          key: `${tenantId}/${assetId}`,
          time: new Date(),
          data: { tenantId, assetId, version: '1', uri: pathToFileURL(join(PICTURES, assetId)).href },
        },
        topic,
      ),
    ),
  );
  await sink.close();
}
