import { LANDED_CHANNEL, listen, OUTBOX_CHANNEL, type Database, type Subscription } from '@housestyle/database';
import type { CaptionerClient } from '@housestyle/contracts/captioner';
import type { DecodePool, ImageFetcher } from '@housestyle/imaging';
import type { BaseModels } from './captioning/base-models.js';
import type { CaptionWorkerService } from './captioning/caption-worker.service.js';
import type { KafkaFeedService } from './kafka-feed.service.js';
import type { Webhooks } from './webhooks/open-webhooks.js';

const BROKER_GRACE_MS = 1_500;
/** A captioner may be away for as long as a restart takes before anybody is told. */
const CAPTIONER_GRACE_MS = 60_000;

/** What is closed last. */
export interface PipelineConnections {
  readonly database: Database;
  readonly captioner: CaptionerClient;
  readonly fetcher: ImageFetcher;
  readonly decoders: DecodePool;
  readonly webhooks: Webhooks;
}

/** Starts the parts, and stops them in the order in which work flows through them. */
export class PipelineService {
  private subscriptions: Subscription[] = [];
  private isStarted = false;
  private isStopped = false;

  constructor(
    private readonly worker: CaptionWorkerService,
    private readonly bases: BaseModels,
    /** undefined without Kafka: uploads come over HTTP only, and the outbox keeps its events */
    private readonly feed: KafkaFeedService | undefined,
    private readonly connections: PipelineConnections,
  ) {}

  /** @throws Error when no picture can be decoded here */
  async start(): Promise<void> {
    await this.connections.decoders.open();
    if (this.isStopped) return;
    const { queueUrl } = this.connections.database.urls;
    const hear = (channel: string, wake: () => void, retry: () => void) =>
      listen(queueUrl, channel, { onNotification: wake, onConnected: retry });
    this.worker.start();
    const { service: webhooks } = this.connections.webhooks;
    webhooks.start();
    const told = (): void => {
      webhooks.wake();
      this.feed?.wake();
    };
    const tryAgain = (): void => {
      webhooks.retry();
      this.feed?.retry();
    };
    this.subscriptions = [
      hear(LANDED_CHANNEL, this.worker.wake, this.worker.retry),
      hear(OUTBOX_CHANNEL, told, tryAgain),
    ];
    this.feed?.start();
    this.isStarted = true;
  }

  /**
   * It takes work, and what it needs for it answers.
   * @throws Error that says what does not, where a person should know which
   */
  async isReady(): Promise<boolean> {
    if (!this.isStarted || !this.bases.isKnown) return false;
    await this.connections.database.ping();
    this.bases.look();
    // what lands waits, and nothing is lost; but nothing is captioned either
    if (this.worker.failingForMs > CAPTIONER_GRACE_MS) throw new Error('the captioner has not answered for a minute');
    // captioning goes on meanwhile, but nothing comes from Kafka and nothing goes there
    if (this.feed && !this.feed.isConnected) throw new Error('the Kafka broker does not answer');
    const [pause] = this.feed?.pauses ?? [];
    if (pause !== undefined) throw new Error(`landing waits: ${pause}`);
    return true;
  }

  /** Landing and publishing may hang on a broker that is away; what they leave undone is done again elsewhere. */
  async stop(timeoutMs: number): Promise<void> {
    this.isStopped = true;
    const { database, captioner, fetcher, decoders, webhooks } = this.connections;
    // its failure has a handler from the start: without one it would end the process before the leases are given back
    const landing = atMost(BROKER_GRACE_MS, this.feed?.stopLanding());
    await this.worker.stop(timeoutMs);
    await landing;
    const sending = webhooks.service.stop();
    await Promise.all([atMost(BROKER_GRACE_MS, this.feed?.stopPublishing()), atMost(BROKER_GRACE_MS, sending)]);
    // what a receiver holds up is cut off, and sent again
    await webhooks.close();
    await atMost(BROKER_GRACE_MS, sending);
    await Promise.all(this.subscriptions.map((subscription) => subscription.close()));
    captioner.close();
    await Promise.all([fetcher.close(), decoders.close()]);
    await database.close();
  }
}

/** Waits for `work` to end, well or badly, but not for ever. */
async function atMost(ms: number, work: Promise<void> | undefined): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([work?.catch(() => undefined), timeout]);
  clearTimeout(timer);
}
