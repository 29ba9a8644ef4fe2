import { CaptionSuggestedSchema, EVENT_TYPES } from '@housestyle/contracts';
import { OutboxRepository } from '@housestyle/database';
import type { TenantId } from '@housestyle/domain';
import { connectKafka, KafkaEventSink, OutboxRelay, type EventSink, type IncomingMessage } from '@housestyle/messaging';
import { afterAll, beforeAll, beforeEach, expect, inject, it } from 'vitest';
import { OutboxAdapter } from '../../apps/pipeline/dist/relay/outbox.adapter.js';
import { describeWith } from '../support/describe-with.js';
import { createTopics } from '../support/kafka.js';
import { readTopic } from '../support/pipeline.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { requirements } from '../support/requirements.js';
import { captionOne } from './caption-one.js';

const brokers = inject('kafkaBrokers');
const TOPIC = EVENT_TYPES.captionSuggested;

describeWith([requirements.kafka()], 'the outbox relay', () => {
  let database: TestDatabase;
  let sink: KafkaEventSink;
  let outbox: OutboxAdapter;
  let tenant: TenantId;

  beforeAll(async () => {
    // the topic is the run's: another spec may have made it
    await createTopics(brokers, [TOPIC]);
    sink = new KafkaEventSink(connectKafka({ brokers: [brokers], clientId: 'spec' }));
    database = await createTestDatabase();
    outbox = new OutboxAdapter(new OutboxRepository(database.database));
  });

  beforeEach(async () => {
    tenant = await database.provision();
    await database.query('DELETE FROM outbox');
  });

  afterAll(async () => {
    await sink?.close();
    await database?.drop();
  });

  const published = async (count: number): Promise<IncomingMessage[]> => {
    const isOurs = ({ key }: IncomingMessage) => String(key).startsWith(tenant);
    return (await readTopic(brokers, TOPIC, (seen) => seen.filter(isOurs).length >= count)).filter(isOurs);
  };

  it('publishes what captioning left, as CloudEvents, and then nothing more', async () => {
    const other = await database.provision();
    const { suggestionId } = await captionOne(database.database, tenant);
    await captionOne(database.database, other);
    const relay = new OutboxRelay(outbox, sink);
    expect(await relay.relayOnce()).toBe(2);
    expect(await relay.relayOnce()).toBe(0);

    const [message] = await published(1);
    expect(CaptionSuggestedSchema.parse(JSON.parse(String(message?.value)))).toMatchObject({
      tenantId: tenant,
      suggestionId,
      caption: 'A cat on a mat.',
    });
    const [row] = await database.query<{ event_id: string; key: string }>(
      'SELECT event_id, key FROM outbox WHERE tenant_id = $1',
      [tenant],
    );
    expect(String(message?.key)).toBe(row?.key);
    expect(String(message?.headers['ce_id'])).toBe(row?.event_id);
    expect(String(message?.headers['ce_type'])).toBe(TOPIC);
  });

  it('keeps what the sink refuses, for later', async () => {
    await captionOne(database.database, tenant);
    const refusing: EventSink = { publish: () => Promise.reject(new Error('the broker is away')) };
    await expect(new OutboxRelay(outbox, refusing).relayOnce()).rejects.toThrow('the broker is away');
    const relay = new OutboxRelay(outbox, sink);
    expect(await relay.relayOnce(), 'it is not due yet').toBe(0);
    const [row] = await database.query('SELECT published_at, last_error FROM outbox');
    expect(row).toEqual({ published_at: null, last_error: 'the broker is away' });

    await database.query('UPDATE outbox SET next_attempt_at = now()');
    expect(await relay.relayOnce()).toBe(1);
    expect(await published(1)).toHaveLength(1);
  });

  it('lets the others pass one that is always refused', async () => {
    for (let n = 0; n < 8; n++) await captionOne(database.database, tenant);
    const [poison] = await database.query<{ event_id: string }>(
      'SELECT event_id FROM outbox ORDER BY id OFFSET 3 LIMIT 1',
    );
    let isRefusedAlone = false;
    const picky: EventSink = {
      publish: async (messages) => {
        const isPoisoned = messages.some(({ headers }) => headers['ce_id'] === poison!.event_id);
        isRefusedAlone = isPoisoned && messages.length === 1;
        if (isPoisoned) throw new Error('no such topic');
      },
    };
    const relay = new OutboxRelay(outbox, picky);
    for (let round = 0; round < 16 && !isRefusedAlone; round++) {
      await database.query('UPDATE outbox SET next_attempt_at = now() WHERE published_at IS NULL');
      await relay.relayOnce().catch(() => undefined);
    }
    // its pause is the longest; the others' are over before
    await database.query('UPDATE outbox SET next_attempt_at = now() WHERE event_id <> $1', [poison!.event_id]);
    while ((await relay.relayOnce()) > 0);
    expect(await database.query('SELECT event_id FROM outbox WHERE published_at IS NULL')).toEqual([poison]);
  });

  it('publishes again, under the same id, what it could not mark before it died', async () => {
    await captionOne(database.database, tenant);
    const dying = new OutboxAdapter(new OutboxRepository(database.database));
    dying.markPublished = () => Promise.reject(new Error('kill -9'));
    await expect(new OutboxRelay(dying, sink).relayOnce()).rejects.toThrow('kill -9');
    // the claim ends by itself
    await database.query('UPDATE outbox SET next_attempt_at = now()');
    expect(await new OutboxRelay(outbox, sink).relayOnce()).toBe(1);

    const ids = (await published(2)).map(({ headers }) => String(headers['ce_id']));
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(1);
  });
});
