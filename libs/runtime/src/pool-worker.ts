import { Worker, type TransferListItem } from 'node:worker_threads';
import { DomainError } from '@housestyle/domain';
import { fromErrorMessage, type FromWorker, type ToWorker } from './worker-protocol.js';

export interface PendingRequest<Request, Response> {
  readonly request: Request;
  readonly transfer: readonly TransferListItem[];
  resolve(response: Response): void;
  reject(error: DomainError): void;
}

/** What a worker tells its pool. `ended` is the last it says, and comes exactly once. */
export interface PoolWorkerEvents {
  ready(): void;
  idle(): void;
  ended(error: DomainError): void;
}

/** One thread of a WorkerPool: at most one request at a time, and a crash becomes that request's error. */
export class PoolWorker<Request, Response> {
  private readonly worker: Worker;
  private running: PendingRequest<Request, Response> | undefined;
  private isReady = false;
  private hasEnded = false;
  private nextId = 0;

  constructor(
    script: URL,
    workerData: unknown,
    private readonly events: PoolWorkerEvents,
  ) {
    this.worker = new Worker(script, { workerData });
    this.worker.on('message', (message: FromWorker<Response>) => this.receive(message));
    this.worker.on('error', (error) => this.end(crash(`threw: ${error instanceof Error ? error.message : error}`)));
    this.worker.on('messageerror', (error) => this.end(crash(`sent an unreadable message: ${error.message}`)));
    this.worker.on('exit', (code) => this.end(crash(`exited with code ${code}`)));
  }

  get isIdle(): boolean {
    return this.isReady && !this.hasEnded && this.running === undefined;
  }

  get threadId(): number {
    return this.worker.threadId;
  }

  send(pending: PendingRequest<Request, Response>): void {
    const message: ToWorker<Request> = { kind: 'request', id: ++this.nextId, request: pending.request };
    this.running = pending;
    try {
      this.worker.postMessage(message, pending.transfer);
    } catch (cause) {
      this.running = undefined;
      pending.reject(
        new DomainError('internal', `the request cannot be sent to a worker: ${String(cause)}`, { cause }),
      );
      this.events.idle();
    }
  }

  /** Lets the worker free what it holds; stops it by force when it takes longer than `graceMs`. */
  async close(graceMs: number): Promise<void> {
    if (this.hasEnded) return;
    const exited = new Promise<void>((resolve) => this.worker.once('exit', () => resolve()));
    this.worker.postMessage({ kind: 'close' } satisfies ToWorker<Request>);
    const timer = setTimeout(() => void this.worker.terminate(), graceMs);
    await exited;
    clearTimeout(timer);
  }

  async terminate(): Promise<void> {
    await this.worker.terminate();
  }

  private receive(message: FromWorker<Response>): void {
    switch (message.kind) {
      case 'ready':
        this.isReady = true;
        this.events.ready();
        return;
      case 'startFailed':
        this.end(fromErrorMessage(message.error));
        return;
      case 'response':
        this.settle(message.id, (pending) => pending.resolve(message.response));
        return;
      case 'failure':
        this.settle(message.id, (pending) => pending.reject(fromErrorMessage(message.error)));
        return;
    }
  }

  private settle(id: number, how: (pending: PendingRequest<Request, Response>) => void): void {
    const pending = this.running;
    if (id !== this.nextId || !pending) return;
    this.running = undefined;
    how(pending);
    this.events.idle();
  }

  private end(error: DomainError): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.running?.reject(error);
    this.running = undefined;
    void this.worker.terminate();
    this.events.ended(error);
  }
}

const crash = (what: string): DomainError => new DomainError('internal', `a worker thread ${what}`);
