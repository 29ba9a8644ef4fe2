import {
  listen,
  REVIEW_CHANNEL,
  SCHEDULE_CHANNEL,
  type Database,
  type LearningRepository,
  type MapperVersionRepository,
  type Subscription,
  type TenantRepository,
  type TrainingRunRepository,
} from '@housestyle/database';
import { declineOf, DomainError, isTenantId, liveQuality, type TenantId } from '@housestyle/domain';
import type { Logger } from '@housestyle/telemetry';
import type { TrainerMetrics } from '../trainer-metrics.js';

/** Reviews come in bursts, and one look does for all of them. */
const PATIENCE_MS = 500;

export interface ReviewWatchRepositories {
  readonly learning: Pick<LearningRepository, 'readiness' | 'promotionTrial'>;
  readonly mappers: Pick<MapperVersionRepository, 'rollback'>;
  readonly runs: Pick<TrainingRunRepository, 'request'>;
  readonly tenants: Pick<TenantRepository, 'listIds'>;
}

/**
 * Follows what editors decide: enough new reviews start a run, and reviews that turn bad take a promotion back. What is
 * enough changes with the timetable; what came while a run was at work counts when it has ended.
 */
export class ReviewWatchService {
  private readonly waiting = new Set<TenantId>();
  private subscriptions: readonly Subscription[] = [];
  private timer: NodeJS.Timeout | undefined;
  private looking = Promise.resolve();
  private isStopped = false;

  constructor(
    private readonly database: Pick<Database, 'urls'>,
    private readonly repositories: ReviewWatchRepositories,
    private readonly metrics: TrainerMetrics,
    private readonly logger: Logger,
  ) {}

  start(): void {
    // whatever was decided while nobody listened
    const lookAtEveryone = (): void =>
      void this.repositories.tenants.listIds().then(
        (tenants) => this.look(tenants),
        (error: unknown) => this.logger.warn({ err: error }, 'the tenants could not be listed'),
      );
    this.subscriptions = [REVIEW_CHANNEL, SCHEDULE_CHANNEL].map((channel) =>
      listen(this.database.urls.queueUrl, channel, {
        onNotification: (payload) => this.look(payload.split(':', 1)),
        onConnected: lookAtEveryone,
      }),
    );
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    await Promise.all(this.subscriptions.map((subscription) => subscription.close()));
    clearTimeout(this.timer);
    this.waiting.clear();
    await this.looking;
  }

  /** Soon, and once however often it is asked until then. */
  look(tenants: readonly string[]): void {
    if (this.isStopped) return;
    for (const tenant of tenants) if (isTenantId(tenant)) this.waiting.add(tenant);
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.looking = this.looking.then(() => this.lookAtAll());
    }, PATIENCE_MS);
  }

  private async lookAtAll(): Promise<void> {
    for (const tenant of [...this.waiting]) {
      this.waiting.delete(tenant);
      try {
        await this.takeBackIfWorse(tenant);
        await this.requestRunIfEnough(tenant);
      } catch (error) {
        this.logger.warn({ err: error, tenant }, 'a tenant’s reviews could not be looked at; its next one is');
      }
    }
  }

  private async requestRunIfEnough(tenant: TenantId): Promise<void> {
    const { readiness, schedule } = await this.repositories.learning.readiness(tenant);
    const { isEnabled, newReviews: enough } = schedule;
    if (!isEnabled || enough === undefined || readiness.state !== 'ready') return;
    if (readiness.reviewsSinceLastRun < enough) return;
    await this.repositories.runs.request(tenant, 'threshold');
  }

  private async takeBackIfWorse(tenant: TenantId): Promise<void> {
    const trial = await this.repositories.learning.promotionTrial(tenant);
    const reason = trial && declineOf(trial.before, trial.after);
    if (!reason) return;
    const figures = { before: liveQuality(trial.before), after: liveQuality(trial.after) };
    try {
      await this.repositories.mappers.rollback(tenant, reason, {
        figures,
        isAutomatic: true,
        expected: trial.champion,
      });
    } catch (error) {
      // another trainer, or a person, was faster
      if (error instanceof DomainError && error.code === 'conflict') return;
      throw error;
    }
    this.metrics.rollbacks.inc();
    this.logger.warn({ tenant, mapper: trial.champion, reason }, 'a promotion was taken back');
  }
}
