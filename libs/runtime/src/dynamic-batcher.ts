import { DomainError, toDomainError } from '@housestyle/domain';
import { FairQueue, type Queued } from './fair-queue.js';

export interface DynamicBatcherOptions {
  readonly maxBatch: number;
  /** the longest an item waits for company while there is room to run it. */
  readonly maxDelayMs: number;
  /** items waiting; beyond it submissions are refused. */
  readonly maxQueue: number;
  /** batches running at once: as many as there are workers. */
  readonly maxRunning: number;
}

export interface Submission {
  /** what must be equal for items to share a batch, e.g. base model and generation settings. */
  readonly group: string;
  /** who is served in turn, e.g. a connection. */
  readonly caller: string;
  /** epoch milliseconds; an item still waiting then fails with `deadline_exceeded`. */
  readonly deadline?: number;
  /** aborted: items still waiting leave the queue with `deadline_exceeded`. */
  readonly signal?: AbortSignal;
}

interface Waiting<Item, Result> extends Queued<Item> {
  readonly submission: Submission;
  resolve(result: Result): void;
  reject(error: DomainError): void;
}

/** Without new arrivals for this share of the delay, a batch goes as it is: nobody else is coming. */
const QUIET_SHARE = 0.2;

/**
 * Gathers items of many calls into batches. A batch starts when there is room to run it and it is full, or its oldest
 * item has waited `maxDelayMs`, or arrivals have paused; while everything runs, the queue simply fills. Items of one
 * group share batches whoever sent them, and callers are served in turn.
 */
export class DynamicBatcher<Item, Result> {
  private readonly queue = new FairQueue<Waiting<Item, Result>>();
  private running = 0;
  private lastArrivalAt = 0;
  private timer: NodeJS.Timeout | undefined;
  private whenDrained: (() => void)[] = [];

  /** @param process works on one batch; its results are in the order of its items. A rejection fails the whole batch. */
  constructor(
    private readonly process: (items: readonly Item[], group: string) => Promise<readonly Result[]>,
    private readonly options: DynamicBatcherOptions,
  ) {}

  get waitingItems(): number {
    return this.queue.length;
  }

  get runningBatches(): number {
    return this.running;
  }

  /**
   * Queues all `items`, or none: one promise per item, in order.
   * @throws DomainError `captioner_overloaded` when they do not all fit.
   */
  submit(items: readonly Item[], submission: Submission): Promise<Result>[] {
    this.dropExpired();
    if (this.queue.length + items.length > this.options.maxQueue) {
      throw new DomainError('captioner_overloaded', `${this.queue.length} items wait, ${items.length} more do not fit`);
    }
    this.lastArrivalAt = Date.now();
    const results = items.map((item) => this.enqueue(item, submission));
    submission.signal?.addEventListener('abort', () => this.drop((entry) => entry.submission === submission), {
      once: true,
    });
    this.schedule();
    return results;
  }

  /** Resolves when nothing waits and nothing runs; new submissions are the caller's to refuse. */
  drained(): Promise<void> {
    if (this.isDrained) return Promise.resolve();
    return new Promise((resolve) => this.whenDrained.push(resolve));
  }

  private enqueue(item: Item, submission: Submission): Promise<Result> {
    const { group, caller } = submission;
    return new Promise((resolve, reject) =>
      this.queue.push({ item, group, caller, arrivedAt: this.lastArrivalAt, submission, resolve, reject }),
    );
  }

  /** Starts what may start now and sets the timer for what may start later. */
  private schedule(): void {
    clearTimeout(this.timer);
    while (this.running < this.options.maxRunning) {
      const next = this.queue.next();
      if (!next) return this.tellDrained();
      const { maxBatch, maxDelayMs } = this.options;
      const readyAt = Math.min(next.oldestAt + maxDelayMs, this.lastArrivalAt + maxDelayMs * QUIET_SHARE);
      const waitMs = next.size >= maxBatch ? 0 : readyAt - Date.now();
      if (waitMs > 0) {
        this.timer = setTimeout(() => this.schedule(), waitMs);
        return;
      }
      this.dropExpired();
      void this.run(next.group, this.queue.take(next.group, maxBatch));
    }
  }

  private async run(group: string, batch: readonly Waiting<Item, Result>[]): Promise<void> {
    if (batch.length === 0) return;
    this.running++;
    try {
      const results = await this.process(
        batch.map((entry) => entry.item),
        group,
      );
      if (results.length !== batch.length) throw new Error(`${results.length} results for ${batch.length} items`);
      batch.forEach((entry, index) => entry.resolve(results[index]!));
    } catch (error) {
      for (const entry of batch) entry.reject(toDomainError(error));
    } finally {
      this.running--;
      this.schedule();
    }
  }

  private dropExpired(): void {
    const now = Date.now();
    this.drop(({ submission }) => (submission.deadline ?? Infinity) <= now || submission.signal?.aborted === true);
  }

  private drop(matches: (entry: Waiting<Item, Result>) => boolean): void {
    for (const entry of this.queue.remove(matches)) {
      entry.reject(new DomainError('deadline_exceeded', 'the call ended before its turn came'));
    }
    this.tellDrained();
  }

  private get isDrained(): boolean {
    return this.running === 0 && this.queue.length === 0;
  }

  private tellDrained(): void {
    if (!this.isDrained) return;
    for (const resolve of this.whenDrained.splice(0)) resolve();
  }
}
