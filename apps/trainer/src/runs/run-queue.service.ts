import {
  listen,
  lockTraining,
  TRAINING_CHANNEL,
  type DatabaseUrls,
  type Subscription,
  type TrainingLifecycleRepository,
  type WaitingRun,
} from '@housestyle/database';
import type { Logger } from '@housestyle/telemetry';
import type { TenantId } from '@housestyle/domain';
import type { TrainingRunService } from './training-run.service.js';

export interface RunQueueOptions {
  readonly pollMs: number;
  /** Called when a run was worked on here: whatever came meanwhile asked for nothing. */
  readonly onWorked?: (tenant: TenantId) => void;
}

/**
 * Works off the runs, one at a time here and one of a tenant anywhere: each under the tenant's lock, which falls free
 * with the process that held it. A new run is begun when it is heard of; one that was left is found by looking.
 */
export class RunQueueService {
  private readonly stopping = new AbortController();
  private subscription: Subscription | undefined;
  private poll: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private clearing: Promise<void> | undefined;
  private isLookWanted = false;
  private isLookThorough = false;

  constructor(
    private readonly urls: DatabaseUrls,
    private readonly lifecycle: Pick<TrainingLifecycleRepository, 'waiting'>,
    private readonly runs: Pick<TrainingRunService, 'execute' | 'seenHeldElsewhere' | 'clearUpEnded'>,
    private readonly options: RunQueueOptions,
    private readonly logger: Logger,
  ) {}

  start(): void {
    this.clearing = this.runs.clearUpEnded(this.stopping.signal);
    this.subscription = listen(this.urls.queueUrl, TRAINING_CHANNEL, {
      onNotification: () => this.look(false),
      onConnected: () => this.look(true),
    });
    this.poll = setInterval(() => this.look(true), this.options.pollMs);
  }

  /** The run in hand is left where its last checkpoint is; whoever holds the lock next goes on from there. */
  async stop(): Promise<void> {
    clearInterval(this.poll);
    this.stopping.abort(new Error('the trainer is stopping'));
    await this.subscription?.close();
    await Promise.all([this.running, this.clearing]);
  }

  /** @param isThorough also for runs that have been begun: their process may be no more */
  private look(isThorough: boolean): void {
    if (this.stopping.signal.aborted) return;
    this.isLookWanted = true;
    this.isLookThorough ||= isThorough;
    this.running ??= this.work().finally(() => (this.running = undefined));
  }

  private async work(): Promise<void> {
    while (this.isLookWanted && !this.stopping.signal.aborted) {
      const isThorough = this.isLookThorough;
      this.isLookWanted = false;
      this.isLookThorough = false;
      try {
        for (const run of await this.lifecycle.waiting()) {
          if ((run.isNew || isThorough) && !this.stopping.signal.aborted) await this.tryRun(run);
        }
      } catch (error) {
        this.logger.warn({ err: error }, 'training runs could not be looked for; they are looked for again');
      }
    }
  }

  /** Never rejects: one tenant's trouble must not keep the others waiting. */
  private async tryRun(run: WaitingRun): Promise<void> {
    try {
      const lock = await lockTraining(this.urls, run.tenantId);
      if (!lock) return this.runs.seenHeldElsewhere(run);
      try {
        await this.runs.execute(run, AbortSignal.any([lock.lost, this.stopping.signal]));
      } finally {
        await lock.release();
      }
      this.options.onWorked?.(run.tenantId);
    } catch (error) {
      this.logger.warn({ err: error, run: run.runId }, 'a training run could not be worked on; it is tried again');
    }
  }
}
