import { deadLetterTopic, OUTGOING_EVENT_SCHEMAS } from '@housestyle/contracts';
import {
  connectKafka,
  createMissingTopics,
  DeadLetterGate,
  KafkaEventSink,
  KafkaEventSource,
  OutboxRelay,
  withDeadLetters,
  type KafkaSecurity,
  type Rejection,
  type TooManyDeadLettersError,
} from '@housestyle/messaging';
import type { OutboxRepository } from '@housestyle/database';
import type { Logger } from '@housestyle/telemetry';
import type { LandingConsumer } from './landing/landing.consumer.js';
import type { PipelineMetrics } from './pipeline-metrics.js';
import { OutboxAdapter } from './relay/outbox.adapter.js';
import { RelayService } from './relay/relay.service.js';
import { WakeSignal } from './wake-signal.js';

export interface KafkaFeedOptions {
  readonly brokers: readonly string[];
  readonly security: KafkaSecurity;
  readonly groupId: string;
  readonly uploadTopic: string;
  readonly s3NotificationTopic: string | undefined;
  readonly isCreatingTopics: boolean;
  /** a topic of which nearly nothing can land waits, instead of becoming dead letters */
  readonly isPausing: boolean;
  readonly sessionTimeoutMs: number;
  /** how long an outbox event is this process's to publish before another may */
  readonly leaseMs: number;
  /** the consumer is dead or hangs: the process should end with an error */
  readonly onFailure: (error: Error) => void;
}

/** of unreadable messages: one bad sender among several stays below it, a fault of ours does not */
const PAUSING_SHARE = 0.9;
const RELAY_BATCH = 200;
const MIN_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 15_000;

/**
 * Everything that needs a broker: landing what comes in, publishing what goes out. A broker that is away is waited for,
 * however long it takes: captioning what came over HTTP does not need it.
 */
export class KafkaFeedService {
  private readonly kafka;
  private readonly sink;
  private readonly relay;
  private readonly gate;
  private readonly stopping = new WakeSignal();
  private source: KafkaEventSource | undefined;
  private isStopping = false;

  constructor(
    private readonly consumer: LandingConsumer,
    outbox: OutboxRepository,
    private readonly options: KafkaFeedOptions,
    private readonly metrics: PipelineMetrics,
    private readonly logger: Logger,
  ) {
    this.gate = new DeadLetterGate({
      maxShare: options.isPausing ? PAUSING_SHARE : Infinity,
      onChange: (pause, topic) => this.onLandingPause(pause, topic),
    });
    const { brokers, security } = options;
    this.kafka = connectKafka({ brokers, security, clientId: 'housestyle-pipeline', log: logger });
    this.sink = new KafkaEventSink(this.kafka);
    const { leaseMs } = options;
    const relay = new OutboxRelay(new OutboxAdapter(outbox), this.sink, { batchSize: RELAY_BATCH, leaseMs });
    this.relay = new RelayService(relay, outbox, metrics, logger);
  }

  /** There is something in the outbox. */
  readonly wake = (): void => this.relay.wake();
  /** The database is back. */
  readonly retry = (): void => this.relay.retry();

  get isConnected(): boolean {
    return this.source?.isConnected ?? false;
  }

  /** Why topics wait, each in a sentence; empty when none does. */
  get pauses(): readonly string[] {
    return this.gate.pauses.map(({ message }) => message);
  }

  /** Returns at once; `isConnected` says when the broker was reached. */
  start(): void {
    void this.run();
  }

  /** Takes in nothing more. */
  async stopLanding(): Promise<void> {
    this.isStopping = true;
    this.stopping.wake();
    await this.source?.stop();
  }

  /** Publishes what is on its way, and nothing more. */
  async stopPublishing(): Promise<void> {
    await this.relay.stop();
    await this.sink.close();
  }

  private async run(): Promise<void> {
    for (let failures = 0; !this.isStopping;) {
      try {
        await this.connect();
        if (!this.isStopping) this.relay.start();
        return;
      } catch (error) {
        failures += 1;
        this.logger.warn({ err: error, failures }, 'the Kafka broker could not be used; trying again');
        await this.source?.stop().catch(() => undefined);
        if (!this.isStopping) await this.stopping.wait(Math.min(MIN_PAUSE_MS * 2 ** (failures - 1), MAX_PAUSE_MS));
      }
    }
  }

  private async connect(): Promise<void> {
    const topics = [...this.topicsIn, ...this.topicsIn.map(deadLetterTopic), ...Object.keys(OUTGOING_EVENT_SCHEMAS)];
    if (this.options.isCreatingTopics) await createMissingTopics(this.kafka, topics);
    if (this.isStopping) return;
    this.source = new KafkaEventSource(this.kafka, {
      groupId: this.options.groupId,
      topics: this.topicsIn,
      sessionTimeoutMs: this.options.sessionTimeoutMs,
      onHandlerError: (error, attempt) =>
        this.logger.warn({ err: error, attempt }, 'events could not land; trying again'),
      onFailure: this.options.onFailure,
    });
    const letters = {
      gate: this.gate,
      onSetAside: (rejections: readonly Rejection[]): void => {
        for (const { error } of rejections) this.metrics.deadLetters.inc({ code: error.code });
      },
    };
    await this.source.start(withDeadLetters(this.sink, (messages) => this.consumer.land(messages), letters));
  }

  private onLandingPause(pause: TooManyDeadLettersError | undefined, topic: string): void {
    this.metrics.landingPaused.set({ topic }, pause ? 1 : 0);
    if (!pause) this.logger.warn({ topic }, 'the topic can be read again: landing goes on');
    else {
      const what =
        'landing waits: nothing is lost, nothing more is dead-lettered, and it is tried again every half minute';
      this.logger.error({ topic, reason: pause.message }, `${what}; LANDING_PAUSES=false lets it through`);
    }
  }

  private get topicsIn(): string[] {
    const { uploadTopic, s3NotificationTopic } = this.options;
    return s3NotificationTopic === undefined ? [uploadTopic] : [uploadTopic, s3NotificationTopic];
  }
}
