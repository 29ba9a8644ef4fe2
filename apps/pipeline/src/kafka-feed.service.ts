import { deadLetterTopic, OUTGOING_EVENT_SCHEMAS } from '@housestyle/contracts';
import {
  connectKafka,
  createMissingTopics,
  KafkaEventSink,
  KafkaEventSource,
  OutboxRelay,
  withDeadLetters,
} from '@housestyle/messaging';
import type { OutboxRepository } from '@housestyle/database';
import type { Logger } from '@housestyle/telemetry';
import type { LandingConsumer } from './landing/landing.consumer.js';
import type { PipelineMetrics } from './pipeline-metrics.js';
import { OutboxAdapter } from './relay/outbox.adapter.js';
import { RelayService } from './relay/relay.service.js';

export interface KafkaFeedOptions {
  readonly brokers: readonly string[];
  readonly groupId: string;
  readonly uploadTopic: string;
  readonly s3NotificationTopic: string | undefined;
  readonly isCreatingTopics: boolean;
  /** the consumer is dead or hangs: the process should end with an error */
  readonly onFailure: (error: Error) => void;
}

/** Everything that needs a broker: landing what comes in, publishing what goes out. */
export class KafkaFeedService {
  private readonly kafka;
  private readonly sink;
  private readonly source;
  private readonly relay;

  constructor(
    private readonly consumer: LandingConsumer,
    outbox: OutboxRepository,
    private readonly options: KafkaFeedOptions,
    metrics: PipelineMetrics,
    logger: Logger,
  ) {
    this.kafka = connectKafka({ brokers: options.brokers, clientId: 'housestyle-pipeline', log: logger });
    this.sink = new KafkaEventSink(this.kafka);
    this.source = new KafkaEventSource(this.kafka, {
      groupId: options.groupId,
      topics: this.topicsIn,
      onHandlerError: (error, attempt) => logger.warn({ err: error, attempt }, 'events could not land; trying again'),
      onFailure: options.onFailure,
    });
    this.relay = new RelayService(new OutboxRelay(new OutboxAdapter(outbox), this.sink), outbox, metrics, logger);
  }

  /** There is something in the outbox. */
  readonly wake = (): void => this.relay.wake();

  async start(): Promise<void> {
    const topics = [...this.topicsIn, ...this.topicsIn.map(deadLetterTopic), ...Object.keys(OUTGOING_EVENT_SCHEMAS)];
    if (this.options.isCreatingTopics) await createMissingTopics(this.kafka, topics);
    await this.source.start(withDeadLetters(this.sink, (messages) => this.consumer.land(messages)));
    this.relay.start();
  }

  /** Takes in nothing more. */
  stopLanding(): Promise<void> {
    return this.source.stop();
  }

  /** Publishes what is on its way, and nothing more. */
  async stopPublishing(): Promise<void> {
    await this.relay.stop();
    await this.sink.close();
  }

  private get topicsIn(): string[] {
    const { uploadTopic, s3NotificationTopic } = this.options;
    return s3NotificationTopic === undefined ? [uploadTopic] : [uploadTopic, s3NotificationTopic];
  }
}
