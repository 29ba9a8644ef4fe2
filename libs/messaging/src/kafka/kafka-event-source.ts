import type { Batch, Consumer, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs';
import type { BatchHandler, EventSource } from '../event-source.js';
import type { IncomingMessage } from '../message.js';
import { ConsumerWatchdog, type WatchdogLimits } from './consumer-watchdog.js';

export interface KafkaSourceOptions {
  readonly groupId: string;
  readonly topics: readonly string[];
  /** messages given to one handler call at most */
  readonly maxBatch?: number;
  readonly watchdog?: WatchdogLimits;
  /** The handler rejected for the `attempt`-th time in a row and will get the same messages again. */
  readonly onHandlerError?: (error: unknown, attempt: number) => void;
  /** Called at most once: the consumer is dead or hangs, and its process should end with an error. */
  readonly onFailure: (error: Error) => void;
}

const SESSION_TIMEOUT_MS = 60_000;
const HEARTBEAT_INTERVAL_MS = 3_000;
const REBALANCE_TIMEOUT_MS = 120_000;
const WATCHDOG_LIMITS = { heartbeatTimeoutMs: 180_000, progressTimeoutMs: 180_000 };
/** at least the largest message a broker takes by default (1 MiB and a little) */
const MAX_BYTES_PER_PARTITION = 4 * 2 ** 20;
const MAX_BATCH = 500;
const MAX_PAUSE_MS = 30_000;

/**
 * A Kafka consumer group. The position moves only after the handler resolved. A handler that rejects is called again
 * from here, with growing pauses and heartbeats in between: an error that kafkajs sees would stop every fetcher.
 */
export class KafkaEventSource implements EventSource {
  private readonly consumer: Consumer;
  private readonly watchdog: ConsumerWatchdog;
  private hasFailed = false;
  private isStopped = false;
  private isReachable = false;

  constructor(
    kafka: Kafka,
    private readonly options: KafkaSourceOptions,
  ) {
    this.consumer = kafka.consumer({
      groupId: options.groupId,
      sessionTimeout: SESSION_TIMEOUT_MS,
      heartbeatInterval: HEARTBEAT_INTERVAL_MS,
      rebalanceTimeout: REBALANCE_TIMEOUT_MS,
      maxBytesPerPartition: MAX_BYTES_PER_PARTITION,
      maxWaitTimeInMs: 500,
      allowAutoTopicCreation: false,
    });
    this.watchdog = new ConsumerWatchdog(options.watchdog ?? WATCHDOG_LIMITS, (error) => this.fail(error));
  }

  /** Started, and the broker answered when it was last spoken to. */
  get isConnected(): boolean {
    return this.isReachable && !this.isStopped;
  }

  async start(handler: BatchHandler): Promise<void> {
    const { events } = this.consumer;
    this.consumer.on(events.CRASH, ({ payload }) => {
      this.isReachable = false;
      // with `restart` kafkajs joins again by itself, and says so each time: a broker that is away is no silence
      if (payload.restart) this.watchdog.saw('heartbeat', 'progress');
      else this.fail(payload.error);
    });
    this.consumer.on(events.HEARTBEAT, () => this.watchdog.saw('heartbeat'));
    this.consumer.on(events.GROUP_JOIN, () => {
      this.isReachable = true;
      this.watchdog.saw('heartbeat', 'progress');
    });
    this.consumer.on(events.FETCH, () => this.watchdog.saw('progress'));
    await this.consumer.connect();
    // from the beginning: a group without a valid position would otherwise skip what is there, silently
    await this.consumer.subscribe({ topics: [...this.options.topics], fromBeginning: true });
    this.isReachable = true;
    this.watchdog.start();
    // not awaited: it ends when the group has settled, and that takes a session timeout after another member was killed
    this.consumer
      .run({
        eachBatchAutoResolve: false,
        eachBatch: (payload) => this.handleBatch(handler, payload),
      })
      .catch((error: unknown) => this.fail(error instanceof Error ? error : new Error(String(error))));
  }

  async stop(): Promise<void> {
    if (this.isStopped) return;
    this.isStopped = true;
    this.watchdog.stop();
    await this.consumer.disconnect();
  }

  private async handleBatch(handler: BatchHandler, payload: EachBatchPayload): Promise<void> {
    const { batch } = payload;
    const size = this.options.maxBatch ?? MAX_BATCH;
    for (let start = 0; start < batch.messages.length; start += size) {
      const chunk = batch.messages.slice(start, start + size);
      const last = chunk.at(-1);
      if (!last || !isOurs(payload)) return;
      const isHandled = await this.handleUntilDone(handler, toIncoming(batch, chunk), payload);
      if (!isHandled) return;
      payload.resolveOffset(last.offset);
      await payload.heartbeat();
      await payload.commitOffsetsIfNecessary();
    }
  }

  /** False when the partition was taken away or the source is stopping before the handler resolved. */
  private async handleUntilDone(
    handler: BatchHandler,
    messages: readonly IncomingMessage[],
    payload: EachBatchPayload,
  ): Promise<boolean> {
    for (let attempt = 1; isOurs(payload); attempt++) {
      this.watchdog.saw('progress');
      try {
        await handler(messages);
        return true;
      } catch (error) {
        this.options.onHandlerError?.(error, attempt);
      }
      await this.pause(Math.min(250 * 2 ** (attempt - 1), MAX_PAUSE_MS), payload);
    }
    return false;
  }

  private async pause(totalMs: number, payload: EachBatchPayload): Promise<void> {
    const end = Date.now() + totalMs;
    for (let leftMs = totalMs; leftMs > 0 && isOurs(payload); leftMs = end - Date.now()) {
      await new Promise((resolve) => setTimeout(resolve, Math.min(leftMs, 1_000)));
      await payload.heartbeat();
    }
  }

  private fail(error: Error): void {
    if (this.hasFailed || this.isStopped) return;
    this.hasFailed = true;
    this.options.onFailure(error);
  }
}

const isOurs = (payload: EachBatchPayload): boolean => payload.isRunning() && !payload.isStale();

const toIncoming = ({ topic, partition }: Batch, messages: readonly KafkaMessage[]): IncomingMessage[] =>
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
