import type { Batch, KafkaMessage } from 'kafkajs';
import type { IncomingMessage } from '../message.js';

/** Records of a batch as the rest of the room knows them. */
export const toIncoming = ({ topic, partition }: Batch, messages: readonly KafkaMessage[]): IncomingMessage[] =>
  messages.map(({ offset, timestamp, key, value, headers = {} }) => ({
    topic,
    partition,
    offset,
    timestamp,
    key,
    value,
    headers: Object.fromEntries(Object.entries(headers).map(([name, header]) => [name, toBuffers(header)])),
  }));

type Header = string | Buffer | (string | Buffer)[] | undefined;

const toBuffers = (header: Header): Buffer | Buffer[] =>
  Array.isArray(header) ? header.map((value) => Buffer.from(value)) : Buffer.from(header ?? '');
