import type { Database } from '@housestyle/database';
import type { RunQueueService } from './runs/run-queue.service.js';
import type { ReviewWatchService } from './scheduling/review-watch.service.js';
import type { TimetableService } from './scheduling/timetable.service.js';

/** Starts the parts, and stops first those that ask for runs, then the one that does them. */
export class TrainerService {
  private isStarted = false;

  constructor(
    private readonly timetable: TimetableService,
    private readonly reviews: ReviewWatchService,
    private readonly queue: RunQueueService,
    private readonly database: Database,
  ) {}

  start(): void {
    this.queue.start();
    this.reviews.start();
    this.timetable.start();
    this.isStarted = true;
  }

  async isReady(): Promise<boolean> {
    if (!this.isStarted) return false;
    await this.database.ping();
    return true;
  }

  async stop(): Promise<void> {
    await Promise.all([this.timetable.stop(), this.reviews.stop()]);
    await this.queue.stop();
    await this.database.close();
  }
}
