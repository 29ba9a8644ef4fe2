import { deadLetterTopic } from '@housestyle/contracts';
import type { DomainError } from '@housestyle/domain';
import type { DeadLetterGate } from './dead-letter-gate.js';
import { MessageTooLargeError, type EventSink } from './event-sink.js';
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
  /** only where the value was too large to be kept: its bytes */
  valueBytes: 'housestyle-original-value-bytes',
} as const;

const MAX_REASON_LENGTH = 2_000;

export interface DeadLetterOptions {
  /** asked before anything is set aside */
  readonly gate?: DeadLetterGate;
  /** these are on their dead-letter topic now */
  readonly onSetAside?: (rejections: readonly Rejection[]) => void;
}

/**
 * Publishes what `handler` rejects to `<topic>.dlt`. When that write fails, so does the batch: nothing is committed
 * and no message is lost; the handler sees the batch again. One that is too large for the dead-letter topic would
 * block its partition so for ever: it is published without what makes it large. When the gate refuses them, none is
 * published, and the batch fails: what could be handled of it was, and will be again.
 */
export const withDeadLetters =
  (sink: EventSink, handler: SortingHandler, { gate, onSetAside }: DeadLetterOptions = {}): BatchHandler =>
  async (messages) => {
    const { topic } = messages[0]!;
    const rejections = await handler(messages);
    const codeOf = new Map(rejections.map(({ message, error }) => [message, error.code]));
    const codes = messages.map((message) => codeOf.get(message));
    gate?.check(topic, codes);
    if (rejections.length > 0) {
      const areKept = await publishUnlessTooLarge(sink, rejections.map(toDeadLetter));
      if (!areKept) for (const rejection of rejections) await publishReduced(sink, rejection);
      onSetAside?.(rejections);
    }
    gate?.done(topic, codes);
  };

/** The same key, value and headers, with the reason added. */
export const toDeadLetter = (rejection: Rejection): OutgoingMessage => {
  const { topic, key, value, headers } = rejection.message;
  return { topic: deadLetterTopic(topic), key, value, headers: { ...headers, ...reasonOf(rejection) } };
};

/** Whole, or without its value, or as a last resort with nothing but the reason and where it was read. */
async function publishReduced(sink: EventSink, rejection: Rejection): Promise<void> {
  const whole = toDeadLetter(rejection);
  const valueBytes = { [DEAD_LETTER_HEADERS.valueBytes]: String(rejection.message.value?.length ?? 0) };
  const forms: OutgoingMessage[] = [
    whole,
    { ...whole, value: null, headers: { ...whole.headers, ...valueBytes } },
    { topic: whole.topic, key: null, value: null, headers: { ...reasonOf(rejection), ...valueBytes } },
  ];
  for (const form of forms) if (await publishUnlessTooLarge(sink, [form])) return;
  throw new MessageTooLargeError(`${whole.topic} does not take the reason for a dead letter alone`);
}

/** Whether they were published; false when one of them is too large. */
async function publishUnlessTooLarge(sink: EventSink, messages: readonly OutgoingMessage[]): Promise<boolean> {
  try {
    await sink.publish(messages);
    return true;
  } catch (error) {
    if (error instanceof MessageTooLargeError) return false;
    throw error;
  }
}

const reasonOf = ({ message, error }: Rejection): Record<string, string> => ({
  [DEAD_LETTER_HEADERS.code]: error.code,
  [DEAD_LETTER_HEADERS.message]: error.message.slice(0, MAX_REASON_LENGTH),
  [DEAD_LETTER_HEADERS.topic]: message.topic,
  [DEAD_LETTER_HEADERS.partition]: String(message.partition),
  [DEAD_LETTER_HEADERS.offset]: message.offset,
  [DEAD_LETTER_HEADERS.timestamp]: message.timestamp,
});
