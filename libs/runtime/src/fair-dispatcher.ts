import { DomainError, toDomainError } from '@housestyle/domain';
import { FairQueue, type Queued } from './fair-queue.js';

export interface FairDispatcherOptions {
  /** items being worked on at once. */
  readonly maxRunning: number;
  /** items waiting; beyond it submissions are refused. */
  readonly maxQueue: number;
}

export interface Submission {
  /** who is served in turn, e.g. a connection. */
  readonly caller: string;
  /** epoch milliseconds; an item still waiting then fails with `deadline_exceeded`. */
  readonly deadline?: number;
  /** aborted: items still waiting leave the queue with `deadline_exceeded`, and who works on the others is told. */
  readonly signal?: AbortSignal;
}

interface Waiting<Item, Result> extends Queued {
  readonly item: Item;
  readonly submission: Submission;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: DomainError) => void;
}

/**
 * Hands the items of many calls on, one by one, as long as there is room for them; while there is none, they wait. Nobody
 * is waited for: whatever gathers items into batches takes them as they come. Callers are served in turn.
 */
export class FairDispatcher<Item, Result> {
  private readonly queue = new FairQueue<Waiting<Item, Result>>();
  private running = 0;

  constructor(
    private readonly work: (item: Item, signal?: AbortSignal) => Promise<Result>,
    private readonly options: FairDispatcherOptions,
  ) {}

  get waitingItems(): number {
    return this.queue.length;
  }

  get runningItems(): number {
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
    const results = items.map((item) => this.enqueue(item, submission));
    submission.signal?.addEventListener('abort', () => this.drop((entry) => entry.submission === submission), {
      once: true,
    });
    this.schedule();
    return results;
  }

  private enqueue(item: Item, submission: Submission): Promise<Result> {
    return new Promise((resolve, reject) =>
      this.queue.push({ item, caller: submission.caller, submission, resolve, reject }),
    );
  }

  private schedule(): void {
    if (this.queue.length > 0) this.dropExpired();
    while (this.running < this.options.maxRunning) {
      const next = this.queue.take();
      if (!next) return;
      void this.run(next);
    }
  }

  private async run({ item, submission, resolve, reject }: Waiting<Item, Result>): Promise<void> {
    this.running++;
    try {
      resolve(await this.work(item, submission.signal));
    } catch (error) {
      reject(toDomainError(error));
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
  }
}
