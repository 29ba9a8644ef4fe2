import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { StreamEvent } from '@housestyle/contracts';
import {
  Database,
  FAILURE_CHANNEL,
  listen,
  REVIEW_CHANNEL,
  SUGGESTION_CHANNEL,
  type Subscription,
} from '@housestyle/database';
import { isTenantId, type TenantId } from '@housestyle/domain';
import type { Logger } from '@housestyle/telemetry';
import { AssetsService } from '../assets/assets.service.js';
import { SuggestionsService } from '../suggestions/suggestions.service.js';
import { LOGGER } from '../tokens.js';
import { LiveStreams } from './live-streams.service.js';

/** Beyond this, a burst is not told one by one: its listeners list again. */
const MAX_WAITING = 1000;

type Load = (tenant: TenantId, id: string) => Promise<StreamEvent | undefined>;

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
    private readonly suggestions: SuggestionsService,
    private readonly assets: AssetsService,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.subscriptions = [
      this.subscribe(SUGGESTION_CHANNEL, async (tenant, id) => {
        const data = await this.suggestions.find(tenant, id);
        return data && { type: 'suggestion.created', data };
      }),
      this.subscribe(REVIEW_CHANNEL, async (tenant, id) => {
        const data = await this.suggestions.find(tenant, id);
        return data && { type: 'suggestion.reviewed', data };
      }),
      this.subscribe(FAILURE_CHANNEL, async (tenant, id) => {
        const data = await this.assets.find(tenant, id);
        return data && { type: 'asset.failed', data };
      }),
    ];
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all(this.subscriptions.map((subscription) => subscription.close()));
    await this.queue;
  }

  private subscribe(channel: string, load: Load): Subscription {
    return listen(this.database.urls.appUrl, channel, {
      onNotification: (payload) => this.enqueue(payload, load),
      onConnected: () => this.streams.sendReadyToAll(),
    });
  }

  /** One after the other, whatever the channel: events keep their order and leave the database to the requests. */
  private enqueue(payload: string, load: Load): void {
    const [tenant = '', id = ''] = payload.split(':');
    if (!isTenantId(tenant) || !this.streams.hasListeners(tenant)) return;
    if (this.waiting >= MAX_WAITING) {
      this.hasDropped = true;
      return;
    }
    this.waiting++;
    this.queue = this.queue.then(async () => {
      await this.pass(tenant, id, load);
      if (--this.waiting > 0 || !this.hasDropped) return;
      this.hasDropped = false;
      this.streams.sendReadyToAll();
    });
  }

  private async pass(tenant: TenantId, id: string, load: Load): Promise<void> {
    try {
      const event = await load(tenant, id);
      if (event) this.streams.send(tenant, event);
    } catch (error) {
      this.logger.warn({ err: error }, 'an event did not reach the open streams; their clients list again');
      this.streams.sendReadyToAll();
    }
  }
}
