import {
  listen,
  SCHEDULE_CHANNEL,
  type Database,
  type LearningRepository,
  type Subscription,
  type TrainingRunRepository,
  type TrainingScheduleRepository,
} from '@housestyle/database';
import type { TenantId } from '@housestyle/domain';
import type { Logger } from '@housestyle/telemetry';
import type { SchedulerRegistry } from '@nestjs/schedule';
import { CronJob, CronTime } from 'cron';

/** New tenants bring no notification. */
const REFRESH_MS = 60_000;

export interface TimetableRepositories {
  readonly schedules: Pick<TrainingScheduleRepository, 'timetables'>;
  readonly learning: Pick<LearningRepository, 'readiness'>;
  readonly runs: Pick<TrainingRunRepository, 'request'>;
}

/**
 * Keeps a job per tenant that has a timetable. Every trainer keeps all of them: asking for a run that is there already
 * asks for nothing, and a run that has just taken all reviews leaves none to ask for another. An hour that passed while
 * no trainer was there is made up for at the start.
 */
export class TimetableService {
  private readonly crons = new Map<TenantId, string>();
  private subscription: Subscription | undefined;
  private refreshTimer: NodeJS.Timeout | undefined;
  private refreshing = Promise.resolve();
  private isCaughtUp = false;

  constructor(
    private readonly database: Pick<Database, 'urls'>,
    private readonly repositories: TimetableRepositories,
    private readonly registry: SchedulerRegistry,
    private readonly logger: Logger,
  ) {}

  start(): void {
    const refresh = (): void => void (this.refreshing = this.refreshing.then(() => this.refresh()));
    this.subscription = listen(this.database.urls.queueUrl, SCHEDULE_CHANNEL, {
      onNotification: refresh,
      onConnected: refresh,
    });
    this.refreshTimer = setInterval(refresh, REFRESH_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.refreshTimer);
    await this.subscription?.close();
    await this.refreshing;
    for (const tenant of [...this.crons.keys()]) this.drop(tenant);
  }

  private async refresh(): Promise<void> {
    try {
      const wanted = new Map(
        (await this.repositories.schedules.timetables()).flatMap(({ tenantId, cron }) =>
          cron === undefined ? [] : [[tenantId, cron] as const],
        ),
      );
      for (const [tenant, cron] of [...this.crons]) if (wanted.get(tenant) !== cron) this.drop(tenant);
      for (const [tenant, cron] of wanted) if (!this.crons.has(tenant)) this.add(tenant, cron);
      if (!this.isCaughtUp) for (const [tenant, cron] of wanted) await this.requestRun(tenant, cron);
      this.isCaughtUp = true;
    } catch (error) {
      this.logger.warn({ err: error }, 'timetables could not be read; those known stay in force');
    }
  }

  private add(tenant: TenantId, cron: string): void {
    this.crons.set(tenant, cron);
    try {
      const onTick = (): void => void this.requestRun(tenant);
      this.registry.addCronJob(tenant, CronJob.from({ cronTime: cron, onTick, start: true, timeZone: 'UTC' }));
    } catch (error) {
      // such as the 31st of February
      this.logger.warn({ err: error, tenant, cron }, 'a timetable that never comes round');
    }
  }

  private drop(tenant: TenantId): void {
    this.crons.delete(tenant);
    if (this.registry.doesExist('cron', tenant)) this.registry.deleteCronJob(tenant);
  }

  /**
   * @param missed only if the hour has come since the first new review, and nobody was there: a run that has begun
   * since was there, also if it failed or was cancelled
   */
  private async requestRun(tenant: TenantId, missed?: string): Promise<void> {
    try {
      const { readiness, firstNewReviewAt, lastBegunAt } = await this.repositories.learning.readiness(tenant);
      if (readiness.state !== 'ready' || !firstNewReviewAt) return;
      const since = lastBegunAt && lastBegunAt > firstNewReviewAt ? lastBegunAt : firstNewReviewAt;
      if (missed === undefined || hasComeSince(since, missed)) {
        await this.repositories.runs.request(tenant, 'schedule');
      }
    } catch (error) {
      this.logger.warn({ err: error, tenant }, 'a scheduled run could not be asked for');
    }
  }
}

function hasComeSince(date: Date, cron: string): boolean {
  return new CronTime(cron, 'UTC').getNextDateFrom(date, 'UTC').toMillis() <= Date.now();
}
