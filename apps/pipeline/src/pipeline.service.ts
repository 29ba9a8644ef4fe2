import { LANDED_CHANNEL, listen, OUTBOX_CHANNEL, type Database, type Subscription } from '@housestyle/database';
import type { CaptionerClient } from '@housestyle/contracts/captioner';
import type { ImageFetcher } from '@housestyle/imaging';
import type { BaseModels } from './captioning/base-models.js';
import type { CaptionWorkerService } from './captioning/caption-worker.service.js';
import type { KafkaFeedService } from './kafka-feed.service.js';

/** What is closed last. */
export interface PipelineConnections {
  readonly database: Database;
  readonly captioner: CaptionerClient;
  readonly fetcher: ImageFetcher;
}

/** Starts the parts, and stops them in the order in which work flows through them. */
export class PipelineService {
  private subscriptions: Subscription[] = [];
  private isStarted = false;

  constructor(
    private readonly worker: CaptionWorkerService,
    private readonly bases: BaseModels,
    /** undefined without Kafka: uploads come over HTTP only, and the outbox keeps its events */
    private readonly feed: KafkaFeedService | undefined,
    private readonly connections: PipelineConnections,
  ) {}

  async start(): Promise<void> {
    const { queueUrl } = this.connections.database.urls;
    const hear = (channel: string, wake: () => void) =>
      listen(queueUrl, channel, { onNotification: wake, onConnected: wake });
    this.worker.start();
    this.subscriptions = [hear(LANDED_CHANNEL, this.worker.wake)];
    if (this.feed) {
      await this.feed.start();
      this.subscriptions.push(hear(OUTBOX_CHANNEL, this.feed.wake));
    }
    this.isStarted = true;
  }

  /** It takes work, and what it needs for it answers. */
  async isReady(): Promise<boolean> {
    if (!this.isStarted || !this.bases.isKnown) return false;
    await this.connections.database.ping();
    return true;
  }

  async stop(timeoutMs: number): Promise<void> {
    const { database, captioner, fetcher } = this.connections;
    await this.feed?.stopLanding();
    await this.worker.stop(timeoutMs);
    await this.feed?.stopPublishing();
    await Promise.all(this.subscriptions.map((subscription) => subscription.close()));
    captioner.close();
    await fetcher.close();
    await database.close();
  }
}
