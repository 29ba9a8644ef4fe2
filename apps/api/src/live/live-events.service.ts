import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Database, listen, type Subscription } from '@housestyle/database';
import { isTenantId, type TenantId } from '@housestyle/domain';
import type { Logger } from '@housestyle/telemetry';
import { LOGGER } from '../tokens.js';
import { LiveSources, type LiveSource } from './live-sources.service.js';
import { LiveStreams } from './live-streams.service.js';

/** Beyond this, a burst is not told one by one: its listeners list again. */
const MAX_WAITING = 1000;

/**
 * From the database's notifications to the open streams. A notification says only which row; the row is read as its
 * own tenant, and only while somebody of that tenant looks.
 */
@Injectable()
export class LiveEvents implements OnApplicationBootstrap, OnModuleDestroy {
  private subscriptions: Subscription[] = [];
  private queue = Promise.resolve();
  private waiting = 0;
  private hasDropped = false;

  constructor(
    private readonly database: Database,
    private readonly streams: LiveStreams,
    private readonly sources: LiveSources,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.subscriptions = this.sources.all.map((source) =>
      listen(this.database.urls.appUrl, source.channel, {
        onNotification: (payload) => this.enqueue(payload, source),
        onConnected: () => this.streams.sendReadyToAll(),
      }),
    );
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all(this.subscriptions.map((subscription) => subscription.close()));
    await this.queue;
  }

  /** One after the other, whatever the channel: events keep their order and leave the database to the requests. */
  private enqueue(payload: string, source: LiveSource): void {
    const [tenant = '', id = ''] = payload.split(':');
    if (!isTenantId(tenant) || !this.streams.hasListeners(tenant)) return;
    if (this.waiting >= MAX_WAITING) {
      this.hasDropped = true;
      return;
    }
    this.waiting++;
    this.queue = this.queue.then(async () => {
      await this.pass(tenant, id, source);
      if (--this.waiting > 0 || !this.hasDropped) return;
      this.hasDropped = false;
      this.streams.sendReadyToAll();
    });
  }

  private async pass(tenant: TenantId, id: string, source: LiveSource): Promise<void> {
    try {
      const event = await source.load(tenant, id);
      if (event) this.streams.send(tenant, event);
    } catch (error) {
      this.logger.warn({ err: error }, 'an event did not reach the open streams; their clients list again');
      this.streams.sendReadyToAll();
    }
  }
}
