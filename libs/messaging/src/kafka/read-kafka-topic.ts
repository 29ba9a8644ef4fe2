import { randomUUID } from 'node:crypto';
import type { Admin, Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import type { IncomingMessage } from '../message.js';
import { toIncoming } from './to-incoming.js';

/** One past the last record of each partition that has any, by partition. */
export type TopicEnd = ReadonlyMap<number, bigint>;

export type RecordsHandler = (messages: readonly IncomingMessage[]) => Promise<void>;

/** Where a topic ends now; undefined when there is no such topic. */
export async function topicEnd(kafka: Kafka, topic: string): Promise<TopicEnd | undefined> {
  return withAdmin(kafka, async (admin) => {
    if (!(await admin.listTopics()).includes(topic)) return undefined;
    const partitions = await admin.fetchTopicOffsets(topic);
    return new Map(
      partitions.filter(({ low, high }) => low !== high).map(({ partition, high }) => [partition, BigInt(high)]),
    );
  });
}

/**
 * Reads a topic from its beginning to `end`, partition by partition in order, and leaves nothing behind: no position is
 * kept, the group is deleted. Rejects with what `handle` rejects with.
 */
export async function readTopicTo(kafka: Kafka, topic: string, end: TopicEnd, handle: RecordsHandler): Promise<void> {
  if (end.size === 0) return;
  const groupId = `housestyle-reader-${randomUUID()}`;
  const consumer = kafka.consumer({ groupId, allowAutoTopicCreation: false, maxWaitTimeInMs: 500 });
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await untilEnd(consumer, end, handle);
  } finally {
    await consumer.disconnect();
    await withAdmin(kafka, (admin) => admin.deleteGroups([groupId])).catch(() => undefined);
  }
}

function untilEnd(consumer: Consumer, end: TopicEnd, handle: RecordsHandler): Promise<void> {
  const unread = new Map(end);
  return new Promise((resolve, reject) => {
    consumer.on(consumer.events.CRASH, ({ payload: { error, restart } }) => {
      if (!restart) reject(error);
    });
    const eachBatch = async (payload: EachBatchPayload): Promise<void> => {
      const { batch } = payload;
      const last = unread.get(batch.partition);
      if (last === undefined) return;
      const messages = toIncoming(batch, batch.messages).filter(({ offset }) => BigInt(offset) < last);
      try {
        if (messages.length > 0) await handle(messages);
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
        return;
      }
      payload.resolveOffset(batch.lastOffset());
      await payload.heartbeat();
      // the last records may have been compacted away: the batch says how far it reaches, not its messages
      if (BigInt(batch.lastOffset()) + 1n >= last) unread.delete(batch.partition);
      if (unread.size === 0) resolve();
    };
    consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch }).catch(reject);
  });
}

async function withAdmin<T>(kafka: Kafka, use: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    return await use(admin);
  } finally {
    await admin.disconnect();
  }
}
