import { EVENT_SOURCE } from '@housestyle/contracts';
import { DomainError } from '@housestyle/domain';
import { CloudEvent, Kafka as KafkaBinding } from 'cloudevents';
import { headerText, type IncomingMessage, type OutgoingMessage } from './message.js';

/** What is read of a CloudEvent: its attributes and its JSON data. */
export interface ReceivedEvent {
  readonly id: string;
  readonly type: string;
  readonly data: unknown;
}

/** What is published as a CloudEvent. */
export interface PublishedEvent {
  /** the same for every delivery of one event */
  readonly id: string;
  readonly type: string;
  /** the message key, and the CloudEvents `subject` */
  readonly key: string;
  readonly time: Date;
  readonly data: unknown;
}

const STRUCTURED = 'application/cloudevents+json';

/**
 * Reads a CloudEvents 1.0 message in binary mode (attributes in `ce_` headers) or structured mode.
 * @throws DomainError `malformed_event`
 */
export function parseCloudEvent(message: IncomingMessage): ReceivedEvent {
  try {
    const headers = textHeaders(message);
    const isStructured = headers['content-type']?.startsWith(STRUCTURED) ?? false;
    const event = isStructured ? readStructured(message) : readBinary(message, headers);
    if (event.specversion !== '1.0') throw new Error(`its specversion is ${event.specversion}`);
    event.validate();
    return { id: event.id, type: event.type, data: jsonOf(event.data) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DomainError('malformed_event', `not a CloudEvents 1.0 message: ${reason}`, { cause: error });
  }
}

/** Binary mode, on the topic named like the type. */
export function toCloudEventMessage(event: PublishedEvent, topic: string = event.type): OutgoingMessage {
  const { headers } = KafkaBinding.binary(
    new CloudEvent({
      id: event.id,
      type: event.type,
      source: EVENT_SOURCE,
      subject: event.key,
      time: event.time.toISOString(),
      datacontenttype: 'application/json',
    }),
  );
  const texts = Object.entries(headers).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return { topic, key: event.key, value: JSON.stringify(event.data), headers: Object.fromEntries(texts) };
}

function readBinary(message: IncomingMessage, headers: Record<string, string>): CloudEvent<unknown> {
  if (!headers['ce_id']) throw new Error('there is no ce_id header');
  if (!message.value) throw new Error('there is no value');
  // the data is read here, whatever its announced content type: senders leave the header out
  return KafkaBinding.toEvent({ headers, value: message.value, body: '' } as never) as CloudEvent<unknown>;
}

/** Not by the binding, which refuses an event without the optional `time`. */
function readStructured(message: IncomingMessage): CloudEvent<unknown> {
  const fields: unknown = JSON.parse(message.value?.toString() ?? '');
  if (fields === null || typeof fields !== 'object') throw new Error('the value is not an object');
  return new CloudEvent(fields);
}

const textHeaders = (message: IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    Object.keys(message.headers).map((name) => [name.toLowerCase(), headerText(message.headers, name) ?? '']),
  );

const jsonOf = (data: unknown): unknown =>
  typeof data === 'string' || Buffer.isBuffer(data) ? (JSON.parse(data.toString()) as unknown) : data;
