import { availableParallelism } from 'node:os';
import { DomainError, type ErrorCode } from '@housestyle/domain';
import { FairDispatcher, WorkerPool } from '@housestyle/runtime';
import type { CaptionerSettings } from '@housestyle/settings';
import type { CaptionerMetrics } from './captioner-metrics.js';
import type { VerifiedBase } from './served-bases.js';
import type { ItemOutcome, ItemWork, WorkerData, WorkerRequest, WorkItem } from './worker-messages.js';

export interface Call {
  /** connections are served in turn. */
  readonly caller: string;
  /** epoch milliseconds; Infinity for none. */
  readonly deadline: number;
  /** aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** What its threads tell of themselves. */
export interface BaseWorkersEvents {
  workerLost(error: DomainError): void;
  allLost(error: DomainError): void;
  recovered(): void;
}

/** Threads of one worker each scale better than many threads of one worker; each costs the model's memory. */
const MAX_DEFAULT_WORKERS = 4;
/** Time to stop threads that nobody waits for. */
const CLOSE_GRACE_MS = 3_000;

/** Of a thread's batch: as many more wait in the thread, so that whoever leaves is followed at once. */
const AHEAD_SHARE = 4;

/** The inference threads of one base model and the queue in front of them: another base's trouble is none of theirs. */
export class BaseWorkers {
  private readonly pool: WorkerPool<WorkerRequest, ItemOutcome>;
  private readonly dispatcher: FairDispatcher<WorkerRequest, ItemOutcome>;

  private constructor(
    private readonly base: VerifiedBase,
    settings: CaptionerSettings,
    private readonly metrics: CaptionerMetrics,
    events: BaseWorkersEvents,
  ) {
    const workers = workersOf(settings);
    const capacity = settings.MAX_BATCH + Math.ceil(settings.MAX_BATCH / AHEAD_SHARE);
    const workerData: WorkerData = {
      base,
      device: settings.DEVICE,
      threads: settings.THREADS_PER_WORKER ?? Math.max(1, Math.floor(availableParallelism() / workers)),
      maxBatch: settings.MAX_BATCH,
      precision: settings.PRECISION,
      mapperLimits: { maxEntries: settings.MAPPER_CACHE_ENTRIES, maxBytes: settings.MAPPER_CACHE_BYTES },
    };
    this.pool = new WorkerPool({
      script: new URL('./caption.worker.js', import.meta.url),
      size: workers,
      capacity,
      workerData,
      onWorkerLost: (error) => events.workerLost(error),
      onAllLost: (error) => events.allLost(error),
      onRecovered: () => events.recovered(),
    });
    this.dispatcher = new FairDispatcher((request, signal) => this.run(request, signal), {
      maxQueue: settings.MAX_QUEUE,
      maxRunning: workers * capacity,
    });
  }

  /** Resolves when every thread has the model loaded. @throws DomainError of the first that could not */
  static async start(
    base: VerifiedBase,
    settings: CaptionerSettings,
    metrics: CaptionerMetrics,
    events: BaseWorkersEvents,
  ): Promise<BaseWorkers> {
    const workers = new BaseWorkers(base, settings, metrics, events);
    try {
      await workers.pool.ready();
      return workers;
    } catch (error) {
      await workers.close();
      throw error;
    }
  }

  get waitingItems(): number {
    return this.dispatcher.waitingItems;
  }

  /** Of the tenants' deltas that its threads hold, each once. */
  get deltaBytes(): number {
    return this.pool.sharedBytes;
  }

  /** One outcome per item, in order. @throws DomainError `captioner_overloaded` when the items do not all fit. */
  submit(work: ItemWork, items: readonly WorkItem[], call: Call): Promise<ItemOutcome>[] {
    return this.dispatcher.submit(
      items.map((item) => ({ work, item })),
      call,
    );
  }

  async close(graceMs = CLOSE_GRACE_MS): Promise<void> {
    await this.pool.close(graceMs);
  }

  /** One item, in the company of whatever its thread has under way. */
  private async run(request: WorkerRequest, signal: AbortSignal | undefined): Promise<ItemOutcome> {
    const { input } = request.item;
    const stopTimer = this.metrics.itemSeconds.startTimer();
    const buffer = input.kind === 'pixels' ? input.rgb.buffer : input.values.buffer;
    const outcome = await this.pool.run(request, [buffer], signal).catch((error: unknown) => {
      throw this.ownError(error);
    });
    stopTimer();
    this.metrics.companyItems.observe(this.dispatcher.runningItems);
    return outcome;
  }

  /** Threads that do not start again are this base's trouble, not the captioner's. */
  private ownError(error: unknown): unknown {
    const lost: ErrorCode = 'captioner_unavailable';
    if (!(error instanceof DomainError) || error.code !== lost) return error;
    const { name } = this.base.served;
    return new DomainError('model_unavailable', `base model ${name}: ${error.message}`, { cause: error });
  }
}

/** Threads of one base model; one keeps a GPU busy: a second would only hold the model there twice. */
export function workersOf({ WORKERS, DEVICE }: CaptionerSettings): number {
  return WORKERS ?? (DEVICE === 'cpu' ? Math.min(MAX_DEFAULT_WORKERS, availableParallelism()) : 1);
}
