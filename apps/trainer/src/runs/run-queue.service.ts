import {
  listen,
  lockTraining,
  TRAINING_CHANNEL,
  type DatabaseUrls,
  type Subscription,
  type TrainingLifecycleRepository,
} from '@housestyle/database';
import type { Logger } from '@housestyle/telemetry';
import type { TrainingRunService } from './training-run.service.js';

/**
 * Works off the runs, one at a time here and one of a tenant anywhere: each under the tenant's lock, which falls free
 * with the process that held it. A new run is begun when it is heard of; one that was left is found by looking.
 */
export class RunQueueService {
  private readonly stopping = new AbortController();
  private subscription: Subscription | undefined;
  private poll: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private isLookWanted = false;
  private isLookThorough = false;

  constructor(
    private readonly urls: DatabaseUrls,
    private readonly lifecycle: Pick<TrainingLifecycleRepository, 'waiting'>,
    private readonly runs: TrainingRunService,
    private readonly pollMs: number,
    private readonly logger: Logger,
  ) {}

  start(): void {
    this.subscription = listen(this.urls.queueUrl, TRAINING_CHANNEL, {
      onNotification: () => this.look(false),
      onConnected: () => this.look(true),
    });
    this.poll = setInterval(() => this.look(true), this.pollMs);
  }

  /** The run in hand is left where its last checkpoint is; whoever holds the lock next goes on from there. */
  async stop(): Promise<void> {
    clearInterval(this.poll);
    this.stopping.abort(new Error('the trainer is stopping'));
    await this.subscription?.close();
    await this.running;
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
        this.logger.warn({ err: error }, 'training runs could not be worked off; they are looked for again');
      }
    }
  }

  private async tryRun(run: {
    readonly tenantId: Parameters<typeof lockTraining>[1];
    readonly runId: string;
  }): Promise<void> {
    const lock = await lockTraining(this.urls, run.tenantId);
    if (!lock) return;
    try {
      await this.runs.execute(run, AbortSignal.any([lock.lost, this.stopping.signal]));
    } finally {
      await lock.release();
    }
  }
}
