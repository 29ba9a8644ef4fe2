import { randomUUID } from 'node:crypto';
import { EVENT_TYPES, deadLetterTopic } from '@housestyle/contracts';
import { Kafka, logLevel, type Consumer } from 'kafkajs';
import { withAdmin } from '../support/kafka.js';
import { waitFor } from '../support/wait-for.js';
import { check, type AssetRow, type Evidence, type SuggestedEvent, type Verdict } from './checker.js';
import type { Library } from './library.js';
import { patiently } from './patience.js';

/** The superuser's view of a run's tables. */
export interface Tables {
  query<Row extends Record<string, unknown>>(sql: string): Promise<Row[]>;
}

/** What a library's run has left in the tables, held against its uploads. @param captions of each picture, by asset id */
export async function takeAccount(library: Library, captions: ReadonlyMap<string, string>): Promise<Verdict> {
  const uploads = library.pictures.map(({ tenantId, assetId }) => ({
    tenantId,
    assetId,
    version: '1',
    caption: captions.get(assetId)!,
  }));
  const { assets, outbox } = await readTables(library.database);
  // these runs end when all is captioned, and the relay has its own pace
  return check({ uploads, poison: [] }, { assets, outbox: outbox.map((row) => ({ ...row, isPublished: true })) });
}

/** The verdict on a library of which every picture was captioned once. */
export const allOnce = (pictures: number): Verdict => ({
  sent: pictures,
  captioned: pictures,
  failed: 0,
  lost: 0,
  duplicated: 0,
  misattributed: 0,
  outOfVersion: 0,
  stuck: 0,
  eventsLost: 0,
  eventsDoubled: 0,
  repeats: 0,
});

export async function readTables(tables: Tables): Promise<Pick<Evidence, 'assets' | 'outbox'>> {
  const assets = await tables.query<AssetRow & Record<string, unknown>>(`
    SELECT a.tenant_id AS "tenantId", a.asset_id AS "assetId", a.version, a.status::text,
      coalesce(jsonb_agg(jsonb_build_object('id', s.id, 'text', s.text)) FILTER (WHERE s.id IS NOT NULL), '[]') AS suggestions
    FROM asset a LEFT JOIN suggestion s ON s.tenant_id = a.tenant_id AND s.asset_row_id = a.id
    GROUP BY a.id`);
  const outbox = await tables.query<{ event_id: string; payload: Record<string, string>; is_published: boolean }>(`
    SELECT event_id, payload, published_at IS NOT NULL AS is_published
    FROM outbox WHERE type = '${EVENT_TYPES.captionSuggested}'`);
  return {
    assets,
    outbox: outbox.map((row) => ({ ...toSuggested(row.event_id, row.payload), isPublished: row.is_published })),
  };
}

/** What each asset failed of, by itself enough to start looking. */
export async function readFailures(tables: Tables): Promise<string[]> {
  const rows = await tables.query<{ line: string }>(`
    SELECT concat_ws(' ', asset_id, version, error_code, error_message, attempts, 'attempts') AS line
    FROM asset WHERE status = 'failed'`);
  return rows.map(({ line }) => line);
}

/** The events of these tenants, and the dead letters of `uploadTopic`, as they lie on their topics. */
export async function readTopics(
  brokers: string,
  uploadTopic: string,
  tenants: ReadonlySet<string>,
): Promise<{ published: SuggestedEvent[]; deadLetters: string[] }> {
  const suggested = await patiently('the events', () => readAll(brokers, EVENT_TYPES.captionSuggested));
  const dead = await patiently('the dead letters', () => readAll(brokers, deadLetterTopic(uploadTopic)));
  return {
    published: suggested
      .map(({ headers, value }) => toSuggested(headers['ce_id'] ?? '', JSON.parse(value) as Record<string, string>))
      .filter(({ tenantId }) => tenants.has(tenantId)),
    deadLetters: dead.map(({ key }) => key),
  };
}

/** How many assets have reached a terminal state. */
export async function terminal(library: { readonly database: Tables }): Promise<number> {
  const [row] = await library.database.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM asset WHERE status <> 'received'`,
  );
  return row!.count;
}

export async function landed(library: { readonly database: Tables }): Promise<number> {
  const [row] = await library.database.query<{ count: number }>('SELECT count(*)::int AS count FROM asset');
  return row!.count;
}

const toSuggested = (eventId: string, payload: Record<string, string>): SuggestedEvent => ({
  eventId,
  suggestionId: payload['suggestionId']!,
  tenantId: payload['tenantId']!,
  assetId: payload['assetId']!,
  version: payload['version']!,
  caption: payload['caption']!,
});

interface Read {
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Everything a topic holds now. */
async function readAll(brokers: string, topic: string): Promise<Read[]> {
  const ends = await withAdmin(brokers, async (admin) => {
    const topics = await admin.listTopics();
    return topics.includes(topic) ? admin.fetchTopicOffsets(topic) : [];
  });
  const left = new Map(
    ends.filter(({ low, high }) => Number(high) > Number(low)).map((end) => [end.partition, Number(end.high)]),
  );
  if (left.size === 0) return [];
  const kafka = new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING });
  const consumer = kafka.consumer({ groupId: `checker-${randomUUID()}`, allowAutoTopicCreation: false });
  try {
    return await readUntil(consumer, topic, left);
  } finally {
    await consumer.disconnect();
  }
}

async function readUntil(consumer: Consumer, topic: string, left: Map<number, number>): Promise<Read[]> {
  const read: Read[] = [];
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ partition, message: { key, value, headers, offset } }) => {
      const texts = Object.entries(headers ?? {}).map(([name, header]) => [name, String(header)] as const);
      read.push({ key: String(key ?? ''), value: String(value ?? ''), headers: Object.fromEntries(texts) });
      if (Number(offset) + 1 >= left.get(partition)!) left.delete(partition);
    },
  });
  await waitFor(`all of ${topic}`, () => left.size === 0, { timeoutMs: 60_000 });
  return read;
}
