import type { Consumer, EachBatchPayload } from 'kafkajs';
import type { BatchHandler, EventSource } from '../event-source.js';
import type { IncomingMessage } from '../message.js';
import { consumerTiming } from './consumer-timing.js';
import { ConsumerWatchdog, type WatchdogLimits } from './consumer-watchdog.js';
import { isAnswering } from './is-answering.js';
import type { KafkaConnection } from './kafka-connection.js';
import { toIncoming } from './to-incoming.js';

export interface KafkaSourceOptions {
  readonly groupId: string;
  readonly topics: readonly string[];
  /** messages given to one handler call at most */
  readonly maxBatch?: number;
  /** see `consumerTiming`, which derives every other limit from it */
  readonly sessionTimeoutMs?: number;
  readonly watchdog?: Partial<WatchdogLimits>;
  /** The handler rejected for the `attempt`-th time in a row and will get the same messages again. */
  readonly onHandlerError?: (error: unknown, attempt: number) => void;
  /** Called at most once: the consumer is dead or hangs, and its process should end with an error. */
  readonly onFailure: (error: Error) => void;
}

/** at least the largest message a broker takes by default (1 MiB and a little) */
const MAX_BYTES_PER_PARTITION = 4 * 2 ** 20;
const MAX_BATCH = 500;
const MAX_PAUSE_MS = 30_000;
/** of a request, before the consumer begins anew: the client's own default, which is lost where `retry` is given */
const RETRIES = 5;

/**
 * A Kafka consumer group. The position moves only after the handler resolved. A handler that rejects is called again
 * with the same messages, with growing pauses in which their partition alone is not fetched: the others go on. An error
 * that kafkajs sees would stop every fetcher.
 */
export class KafkaEventSource implements EventSource {
  private readonly consumer: Consumer;
  private readonly timing;
  private readonly watchdog: ConsumerWatchdog;
  /** of partitions whose handler rejected, how often in a row */
  private readonly failures = new Map<string, number>();
  private joining: Promise<void> | undefined;
  private hasFailed = false;
  private isStopped = false;
  private hasLeft = false;
  private isReachable = false;

  constructor(
    kafka: KafkaConnection,
    private readonly options: KafkaSourceOptions,
  ) {
    this.timing = consumerTiming(options.sessionTimeoutMs);
    this.consumer = kafka.consumer({
      groupId: options.groupId,
      sessionTimeout: this.timing.sessionTimeoutMs,
      heartbeatInterval: this.timing.heartbeatIntervalMs,
      rebalanceTimeout: this.timing.rebalanceTimeoutMs,
      maxBytesPerPartition: MAX_BYTES_PER_PARTITION,
      maxWaitTimeInMs: 500,
      allowAutoTopicCreation: false,
      // one that is told to stop while it crashes would begin anew all the same
      retry: { retries: RETRIES, restartOnFailure: () => Promise.resolve(!this.isStopped) },
    });
    this.watchdog = new ConsumerWatchdog(
      { ...this.timing.watchdog, ...options.watchdog },
      { isBrokerAnswering: () => this.ask(kafka), onSilence: (error) => this.fail(error) },
    );
  }

  /** Started, and the broker has heard of us and answered within a session timeout. */
  get isConnected(): boolean {
    return this.isReachable && !this.isStopped && this.watchdog.heartbeatAgeMs < this.timing.sessionTimeoutMs;
  }

  async start(handler: BatchHandler): Promise<void> {
    const { events } = this.consumer;
    this.consumer.on(events.CRASH, ({ payload }) => {
      this.isReachable = false;
      // with `restart` kafkajs joins again by itself, and says so each time: a broker that is away is no silence
      if (payload.restart) this.watchdog.joining();
      else this.fail(payload.error);
    });
    this.consumer.on(events.HEARTBEAT, () => {
      this.isReachable = true;
      this.watchdog.saw('heartbeat');
    });
    this.consumer.on(events.REBALANCING, () => this.watchdog.joining());
    this.consumer.on(events.REQUEST, ({ payload }) => {
      // a group that others enter and leave meanwhile is joined again and again
      if (payload.apiName === 'JoinGroup') this.watchdog.joining();
    });
    this.consumer.on(events.GROUP_JOIN, () => {
      this.isReachable = true;
      this.watchdog.joined();
    });
    this.consumer.on(events.FETCH, () => this.watchdog.saw('progress'));
    await this.consumer.connect();
    // from the beginning: a group without a valid position would otherwise skip what is there, silently
    await this.consumer.subscribe({ topics: [...this.options.topics], fromBeginning: true });
    this.isReachable = true;
    this.watchdog.start();
    this.watchdog.joining();
    // not awaited: it ends when the group has settled, and that takes a session timeout after another member was killed
    this.joining = this.consumer
      .run({
        eachBatchAutoResolve: false,
        eachBatch: (payload) => this.handleBatch(handler, payload),
      })
      .catch((error: unknown) => this.fail(error instanceof Error ? error : new Error(String(error))));
  }

  /** One that failed is left to itself: what it waits for may never come, and the group does not wait for it. */
  async stop(): Promise<void> {
    if (this.isStopped) return;
    this.isStopped = true;
    this.watchdog.stop();
    const leaving = this.leave();
    if (this.hasFailed) void leaving.catch(() => undefined);
    else await leaving;
  }

  /** Told to leave while it joins, the client would join all the same, and keep its partitions from everybody. */
  private async leave(): Promise<void> {
    await this.joining;
    try {
      await this.consumer.disconnect();
    } finally {
      this.hasLeft = true;
    }
  }

  private async handleBatch(handler: BatchHandler, payload: EachBatchPayload): Promise<void> {
    // it began anew as it was told to stop, which nothing but an error ends that the client does not try again
    if (this.hasLeft) throw Object.assign(new Error('this consumer has left its group'), { retriable: false });
    const { batch } = payload;
    const size = this.options.maxBatch ?? MAX_BATCH;
    for (let start = 0; start < batch.messages.length; start += size) {
      const chunk = batch.messages.slice(start, start + size);
      const last = chunk.at(-1);
      if (!last || !isOurs(payload)) return;
      if (!(await this.isHandled(handler, toIncoming(batch, chunk), payload))) return;
      payload.resolveOffset(last.offset);
      await payload.heartbeat();
      // named, since without them the client would wait for the end of all that it fetched
      await payload.commitOffsetsIfNecessary(payload.uncommittedOffsets());
    }
  }

  /** False when the handler rejected: unresolved, the messages are fetched again after the pause, by whoever owns them then. */
  private async isHandled(
    handler: BatchHandler,
    messages: readonly IncomingMessage[],
    payload: EachBatchPayload,
  ): Promise<boolean> {
    const name = `${payload.batch.topic}/${payload.batch.partition}`;
    this.watchdog.saw('progress');
    try {
      await handler(messages);
      this.failures.delete(name);
      return true;
    } catch (error) {
      const attempt = (this.failures.get(name) ?? 0) + 1;
      this.failures.set(name, attempt);
      this.options.onHandlerError?.(error, attempt);
      setTimeout(payload.pause(), Math.min(250 * 2 ** (attempt - 1), MAX_PAUSE_MS)).unref();
      return false;
    }
  }

  private async ask(kafka: KafkaConnection): Promise<boolean> {
    const isBrokerAnswering = await isAnswering(kafka, this.options.groupId, this.timing.askTimeoutMs);
    if (!isBrokerAnswering) this.isReachable = false;
    return isBrokerAnswering;
  }

  private fail(error: Error): void {
    if (this.hasFailed || this.isStopped) return;
    this.hasFailed = true;
    this.options.onFailure(error);
  }
}

const isOurs = (payload: EachBatchPayload): boolean => payload.isRunning() && !payload.isStale();
