import type { TransferListItem } from 'node:worker_threads';
import { DomainError } from '@housestyle/domain';
import { collectGarbage } from './collect-garbage.js';
import { PoolWorker, type PendingRequest } from './pool-worker.js';
import { SharedBlocks } from './shared-blocks.js';

export interface WorkerPoolOptions {
  /** the module each worker runs; it calls `serveWorker`. */
  readonly script: URL;
  readonly size: number;
  /** requests that a worker has at once, 1 when absent: more where it works on them together, or shall not wait for this thread. */
  readonly capacity?: number;
  /** cloned into every worker. */
  readonly workerData?: unknown;
  /** wait before a lost worker is replaced; doubles with each loss in a row, up to 64 times. */
  readonly restartDelayMs?: number;
  /** called when a worker is lost after it had once been ready; its replacement is on its way. */
  readonly onWorkerLost?: (error: DomainError) => void;
  /** called when no worker lives and a replacement has failed to start too; further attempts follow. */
  readonly onAllLost?: (error: DomainError) => void;
  /** called when a worker is ready again after `onAllLost`. */
  readonly onRecovered?: () => void;
}

const MAX_DOUBLINGS = 6;

/**
 * Typed requests to worker threads, so many at a time per worker, first come first served, by whoever has the fewest. A
 * worker that crashes fails only the requests it was working on (`internal`: worth a retry, but one of them may be the
 * culprit) and is replaced.
 */
export class WorkerPool<Request, Response> {
  private readonly workers: (PoolWorker<Request, Response> | undefined)[];
  private readonly waiting: PendingRequest<Request, Response>[] = [];
  private readonly restartTimers = new Set<NodeJS.Timeout>();
  private readonly started: Promise<void>[];
  private readonly blocks = new SharedBlocks<PoolWorker<Request, Response>>();
  private lossesInARow = 0;
  private areAllLost = false;
  private isClosing = false;

  constructor(private readonly options: WorkerPoolOptions) {
    this.workers = Array.from({ length: options.size });
    this.started = this.workers.map((_, slot) => this.start(slot));
    for (const start of this.started) start.catch(() => undefined);
  }

  /** Resolves when every worker is ready; rejects with the first start that failed. */
  async ready(): Promise<void> {
    await Promise.all(this.started);
  }

  get size(): number {
    return this.options.size;
  }

  get idleWorkers(): number {
    return this.workers.filter((worker) => worker?.isIdle).length;
  }

  /** Of what the workers share, each block counted once. */
  get sharedBytes(): number {
    return this.blocks.bytes;
  }

  /** Thread ids of the workers that live now. */
  get threadIds(): number[] {
    return this.workers.flatMap((worker) => (worker ? [worker.threadId] : []));
  }

  /**
   * Sends `request`; what is in `transfer` moves and is gone on this side.
   * @param signal aborted when nobody waits for the answer any more: a worker that can stop does, and one that has not
   *   begun does not begin (`deadline_exceeded`)
   */
  run(request: Request, transfer: readonly TransferListItem[] = [], signal?: AbortSignal): Promise<Response> {
    if (this.isClosing) return Promise.reject(closing());
    return new Promise((resolve, reject) => {
      this.waiting.push({ request, transfer, signal, resolve, reject });
      this.dispatch();
    });
  }

  /**
   * Refuses new requests, fails those not begun, waits `graceMs` for the running ones, stops every worker, and gives back
   * the memory that they shared.
   */
  async close(graceMs = 10_000): Promise<void> {
    this.isClosing = true;
    for (const timer of this.restartTimers) clearTimeout(timer);
    this.failWaiting(closing());
    await Promise.all(this.workers.flatMap((worker) => (worker ? [worker.close(graceMs)] : [])));
    // V8 does not count shared memory, so nothing else would make it give this back
    if (this.blocks.clear()) await collectGarbage();
  }

  private start(slot: number): Promise<void> {
    return new Promise((resolve, reject) => {
      let hasBeenReady = false;
      const { script, workerData, capacity = 1 } = this.options;
      const worker = new PoolWorker<Request, Response>(script, workerData, capacity, {
        ready: () => {
          hasBeenReady = true;
          resolve();
          if (this.areAllLost) this.options.onRecovered?.();
          this.areAllLost = false;
          this.dispatch();
        },
        room: () => {
          this.lossesInARow = 0;
          this.dispatch();
        },
        shared: (message) => this.blocks.receive(worker, message),
        ended: (error) => {
          this.blocks.forget(worker);
          this.workers[slot] = undefined;
          if (this.isClosing) return reject(error);
          if (hasBeenReady) this.options.onWorkerLost?.(error);
          else if (this.threadIds.length === 0) this.giveUpWaiting(error);
          reject(error);
          this.restartLater(slot);
        },
      });
      this.workers[slot] = worker;
    });
  }

  private restartLater(slot: number): void {
    const delayMs = (this.options.restartDelayMs ?? 100) * 2 ** Math.min(this.lossesInARow++, MAX_DOUBLINGS);
    const timer = setTimeout(() => {
      this.restartTimers.delete(timer);
      this.start(slot).catch(() => undefined);
    }, delayMs);
    this.restartTimers.add(timer);
  }

  private giveUpWaiting({ message }: DomainError): void {
    const error = unavailable(`no worker starts: ${message}`);
    if (!this.areAllLost) this.options.onAllLost?.(error);
    this.areAllLost = true;
    this.failWaiting(error);
  }

  private failWaiting(error: DomainError): void {
    for (const pending of this.waiting.splice(0)) pending.reject(error);
  }

  private dispatch(): void {
    while (this.waiting.length > 0) {
      const able = this.workers.filter((worker) => worker?.hasRoom).map((worker) => worker!);
      const [first, ...others] = able;
      if (!first) return;
      const freest = others.reduce((best, next) => (next.runningRequests < best.runningRequests ? next : best), first);
      const pending = this.waiting.shift()!;
      if (pending.signal?.aborted) pending.reject(new DomainError('deadline_exceeded', 'nobody waits for it any more'));
      else freest.send(pending);
    }
  }
}

const unavailable = (why: string): DomainError => new DomainError('captioner_unavailable', why);
const closing = (): DomainError => unavailable('the workers are shutting down');
