import { deadLetterTopic } from '@housestyle/contracts';
import type { DomainError } from '@housestyle/domain';
import type { EventSink } from './event-sink.js';
import type { BatchHandler } from './event-source.js';
import type { IncomingMessage, OutgoingMessage } from './message.js';

/** A message that can never be handled, and why. */
export interface Rejection {
  readonly message: IncomingMessage;
  readonly error: DomainError;
}

/** Like a BatchHandler, but names the messages it cannot ever handle instead of failing on them. */
export type SortingHandler = (messages: readonly IncomingMessage[]) => Promise<readonly Rejection[]>;

/** Headers a dead letter carries beside its own: why it is here and where it was read. */
export const DEAD_LETTER_HEADERS = {
  code: 'housestyle-error-code',
  message: 'housestyle-error-message',
  topic: 'housestyle-original-topic',
  partition: 'housestyle-original-partition',
  offset: 'housestyle-original-offset',
  timestamp: 'housestyle-original-timestamp',
} as const;

const MAX_REASON_LENGTH = 2_000;

/**
 * Publishes what `handler` rejects to `<topic>.dlt`. When that write fails, so does the batch: nothing is committed
 * and no message is lost; the handler sees the batch again.
 */
export const withDeadLetters =
  (sink: EventSink, handler: SortingHandler): BatchHandler =>
  async (messages) => {
    const rejections = await handler(messages);
    if (rejections.length > 0) await sink.publish(rejections.map(toDeadLetter));
  };

/** The same key, value and headers, with the reason added. */
export const toDeadLetter = ({ message, error }: Rejection): OutgoingMessage => ({
  topic: deadLetterTopic(message.topic),
  key: message.key,
  value: message.value,
  headers: {
    ...message.headers,
    [DEAD_LETTER_HEADERS.code]: error.code,
    [DEAD_LETTER_HEADERS.message]: error.message.slice(0, MAX_REASON_LENGTH),
    [DEAD_LETTER_HEADERS.topic]: message.topic,
    [DEAD_LETTER_HEADERS.partition]: String(message.partition),
    [DEAD_LETTER_HEADERS.offset]: message.offset,
    [DEAD_LETTER_HEADERS.timestamp]: message.timestamp,
  },
});
