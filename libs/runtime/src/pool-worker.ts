import { Worker, type TransferListItem } from 'node:worker_threads';
import { DomainError } from '@housestyle/domain';
import type { BlockUser, FromBlockUser, ToBlockUser } from './shared-blocks.js';
import { fromErrorMessage, type FromWorker, type ToWorker } from './worker-protocol.js';

export interface PendingRequest<Request, Response> {
  readonly request: Request;
  readonly transfer: readonly TransferListItem[];
  readonly signal: AbortSignal | undefined;
  readonly resolve: (response: Response) => void;
  readonly reject: (error: DomainError) => void;
}

interface RunningRequest<Request, Response> extends PendingRequest<Request, Response> {
  /** what listens to the signal while the request runs, and no longer */
  readonly cancel: () => void;
}

/** What a worker tells its pool. `ended` is the last it says, and comes exactly once. */
export interface PoolWorkerEvents {
  ready(): void;
  /** there is room for one more request. */
  room(): void;
  shared(message: FromBlockUser): void;
  ended(error: DomainError): void;
}

/** One thread of a WorkerPool: at most `capacity` requests at a time, and a crash becomes their error. */
export class PoolWorker<Request, Response> implements BlockUser {
  private readonly worker: Worker;
  private readonly running = new Map<number, RunningRequest<Request, Response>>();
  private isReady = false;
  private hasEnded = false;
  private nextId = 0;

  constructor(
    script: URL,
    workerData: unknown,
    private readonly capacity: number,
    private readonly events: PoolWorkerEvents,
  ) {
    this.worker = new Worker(script, { workerData });
    this.worker.on('message', (message: FromWorker<Response>) => this.receive(message));
    this.worker.on('error', (error) => this.end(crash(`threw: ${error instanceof Error ? error.message : error}`)));
    this.worker.on('messageerror', (error) => this.end(crash(`sent an unreadable message: ${error.message}`)));
    this.worker.on('exit', (code) => this.end(crash(`exited with code ${code}`)));
  }

  get isIdle(): boolean {
    return this.hasRoom && this.running.size === 0;
  }

  get hasRoom(): boolean {
    return this.isReady && !this.hasEnded && this.running.size < this.capacity;
  }

  get runningRequests(): number {
    return this.running.size;
  }

  get threadId(): number {
    return this.worker.threadId;
  }

  send(pending: PendingRequest<Request, Response>): void {
    const id = ++this.nextId;
    const cancel = () => this.post({ kind: 'cancel', id });
    this.running.set(id, { ...pending, cancel });
    try {
      this.post({ kind: 'request', id, request: pending.request }, pending.transfer);
      pending.signal?.addEventListener('abort', cancel, { once: true });
    } catch (cause) {
      const message = `the request cannot be sent to a worker: ${String(cause)}`;
      this.settle(id, ({ reject }) => reject(new DomainError('internal', message, { cause })));
    }
  }

  tell(message: ToBlockUser): void {
    this.post(message);
  }

  /** Lets the worker free what it holds; stops it by force when it takes longer than `graceMs`. */
  async close(graceMs: number): Promise<void> {
    if (this.hasEnded) return;
    const exited = new Promise<void>((resolve) => this.worker.once('exit', () => resolve()));
    this.post({ kind: 'close' });
    const timer = setTimeout(() => void this.worker.terminate(), graceMs);
    await exited;
    clearTimeout(timer);
  }

  async terminate(): Promise<void> {
    await this.worker.terminate();
  }

  private receive(message: FromWorker<Response>): void {
    if (this.hasEnded) return;
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
      default:
        this.events.shared(message);
    }
  }

  private settle(id: number, how: (pending: PendingRequest<Request, Response>) => void): void {
    const pending = this.running.get(id);
    if (!pending) return;
    this.forget(id, pending);
    how(pending);
    this.events.room();
  }

  private forget(id: number, { signal, cancel }: RunningRequest<Request, Response>): void {
    this.running.delete(id);
    signal?.removeEventListener('abort', cancel);
  }

  private post(message: ToWorker<Request>, transfer: readonly TransferListItem[] = []): void {
    this.worker.postMessage(message, transfer);
  }

  private end(error: DomainError): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    for (const [id, pending] of this.running) {
      this.forget(id, pending);
      pending.reject(error);
    }
    void this.worker.terminate();
    this.events.ended(error);
  }
}

const crash = (what: string): DomainError => new DomainError('internal', `a worker thread ${what}`);
