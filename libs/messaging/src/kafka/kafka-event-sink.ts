import { Partitioners, type Kafka, type Producer, type TopicMessages } from 'kafkajs';
import { MessageTooLargeError, type EventSink } from '../event-sink.js';
import type { OutgoingMessage } from '../message.js';

/** A broker's limit (1 MiB unless set) is on all messages of one partition and request together, not on each. */
const MAX_ROUND_BYTES = 512 * 1024;
/** of a record beside its key, value and headers */
const RECORD_OVERHEAD_BYTES = 64;

/**
 * Publishes to Kafka: acknowledged by all in-sync replicas, one request in flight, idempotent, so that a retried
 * request writes once and in order. A producer that failed is replaced: its sequence numbers may be out of step.
 */
export class KafkaEventSink implements EventSink {
  private producer: Promise<Producer> | undefined;

  constructor(private readonly kafka: Kafka) {}

  async publish(messages: readonly OutgoingMessage[]): Promise<void> {
    if (messages.length === 0) return;
    const current = (this.producer ??= this.connect());
    try {
      const producer = await current;
      for (const round of inRounds(messages)) {
        await producer.sendBatch({ acks: -1, topicMessages: byTopic(round) });
      }
    } catch (error) {
      if (this.producer === current) this.producer = undefined;
      await current.then((producer) => producer.disconnect()).catch(() => undefined);
      throw isTooLarge(error) ? new MessageTooLargeError(error.message, { cause: error }) : error;
    }
  }

  async close(): Promise<void> {
    const producer = await this.producer?.catch(() => undefined);
    this.producer = undefined;
    await producer?.disconnect();
  }

  private async connect(): Promise<Producer> {
    const producer = this.kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
      // finite, so that whoever waits learns of it; the caller publishes again
      retry: { retries: 5 },
    });
    await producer.connect();
    return producer;
  }
}

/** By its type: kafkajs, a CommonJS package, exports its error classes in a way that Node cannot import by name. */
const isTooLarge = (error: unknown): error is Error =>
  error instanceof Error &&
  'type' in error &&
  (error.type === 'MESSAGE_TOO_LARGE' || error.type === 'RECORD_LIST_TOO_LARGE');

/** The messages in their order, as many at a time as surely fit; one that is larger goes by itself. */
function inRounds(messages: readonly OutgoingMessage[]): OutgoingMessage[][] {
  const rounds: OutgoingMessage[][] = [];
  let roundBytes = Infinity;
  for (const message of messages) {
    const bytes = sizeOf(message);
    if (roundBytes + bytes > MAX_ROUND_BYTES) {
      rounds.push([]);
      roundBytes = 0;
    }
    rounds.at(-1)!.push(message);
    roundBytes += bytes;
  }
  return rounds;
}

const sizeOf = ({ key, value, headers }: OutgoingMessage): number =>
  [key, value, ...Object.entries(headers).flat(2)].reduce<number>(
    (bytes, part) => bytes + Buffer.byteLength(part ?? ''),
    RECORD_OVERHEAD_BYTES,
  );

function byTopic(messages: readonly OutgoingMessage[]): TopicMessages[] {
  const topics = new Map<string, TopicMessages>();
  for (const { topic, key, value, headers } of messages) {
    const entry = topics.get(topic) ?? { topic, messages: [] };
    topics.set(topic, entry);
    entry.messages.push({
      key,
      value,
      headers: Object.fromEntries(
        Object.entries(headers).map(([name, header]) => [
          name,
          typeof header === 'string' || Buffer.isBuffer(header) ? header : [...header],
        ]),
      ),
    });
  }
  return [...topics.values()];
}
