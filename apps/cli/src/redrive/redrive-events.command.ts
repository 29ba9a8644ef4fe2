import { deadLetterTopic } from '@housestyle/contracts';
import { DomainError } from '@housestyle/domain';
import {
  connectKafka,
  KafkaEventSink,
  readTopicTo,
  redriveDeadLetters,
  topicEnd,
  type RedrivenLetters,
} from '@housestyle/messaging';
import { kafkaSecurity, readRedriveSettings } from '@housestyle/settings';
import { EXIT_OK, type Terminal } from '../terminal.js';
import { counted } from '../wording.js';
import { explained, total, type RedriveOptions } from './redrive-report.js';

export interface RedriveEventsOptions extends RedriveOptions {
  /** the topics that events came on; undefined: those that the pipeline reads */
  readonly topic?: readonly string[];
}

/** Sends dead letters back to the topics they came on, and says how many. @returns the exit code */
export async function redriveEvents(options: RedriveEventsOptions, terminal: Terminal): Promise<number> {
  const settings = readRedriveSettings();
  const { KAFKA_BROKERS: brokers, UPLOAD_TOPIC, S3_NOTIFICATION_TOPIC } = settings;
  if (!brokers?.length)
    throw new DomainError('invalid_settings', 'KAFKA_BROKERS is required: host:port, comma-separated');
  const read = S3_NOTIFICATION_TOPIC === undefined ? [UPLOAD_TOPIC] : [UPLOAD_TOPIC, S3_NOTIFICATION_TOPIC];
  const kafka = connectKafka({ brokers, security: kafkaSecurity(settings), clientId: 'housestyle-redrive' });
  const sink = new KafkaEventSink(kafka);
  try {
    let left = options.limit;
    for (const topic of options.topic ?? read) {
      if (left === 0) break;
      const letters = deadLetterTopic(topic);
      const end = await topicEnd(kafka, letters);
      if (!end) throw new DomainError('not_found', `there is no topic ${letters}`);
      const { tenant, code: codes, since, until } = options;
      const filter = {
        ...(tenant && { tenant }),
        ...(codes && { codes }),
        ...(since && { since }),
        ...(until && { until }),
        ...(left !== undefined && { limit: left }),
      };
      const ended = { read: (handle: Parameters<typeof readTopicTo>[3]) => readTopicTo(kafka, letters, end, handle) };
      const redriven = await redriveDeadLetters(topic, ended, sink, filter, { isDryRun: options.dryRun });
      if (left !== undefined) left -= total(redriven.byCode);
      report(topic, redriven, options, terminal);
    }
    return EXIT_OK;
  } finally {
    await sink.close();
  }
}

function report(
  topic: string,
  { byCode, already, withoutValue }: RedrivenLetters,
  { json, dryRun }: RedriveEventsOptions,
  terminal: Terminal,
): void {
  if (json) {
    terminal.print(JSON.stringify({ topic, events: total(byCode), byCode, already, withoutValue, dryRun }));
    return;
  }
  for (const line of explained('dead letter', topic, byCode, dryRun)) terminal.print(line);
  if (already > 0) terminal.print(`  ${counted(already, 'letter')} had been sent back before`);
  if (withoutValue > 0) {
    terminal.print(`  ${counted(withoutValue, 'letter')} cannot be sent back: too large to have been kept whole`);
  }
}
