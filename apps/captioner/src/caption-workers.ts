import { availableParallelism } from 'node:os';
import type { GenerationDefaults } from '@housestyle/clipcap';
import { DomainError, toDomainError } from '@housestyle/domain';
import { DynamicBatcher, WorkerPool } from '@housestyle/runtime';
import type { CaptionerSettings } from '@housestyle/settings';
import type { Logger } from '@housestyle/telemetry';
import type { CaptionerMetrics } from './captioner-metrics.js';
import type { VerifiedBase } from './served-bases.js';
import type { ServingGate } from './serving-gate.js';
import type { BatchItem, CaptionBatch, ItemOutcome, ServedBase, WorkerData } from './worker-messages.js';

export interface Call {
  /** connections are served in turn. */
  readonly caller: string;
  /** epoch milliseconds; Infinity for none. */
  readonly deadline: number;
  /** aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** Threads of one worker each scale better than many threads of one worker; each costs the models' memory. */
const MAX_DEFAULT_WORKERS = 4;

interface QueuedItem {
  readonly baseModel: string;
  readonly generation: GenerationDefaults;
  readonly item: BatchItem;
}

/** The inference threads and the queue in front of them. */
export class CaptionWorkers {
  private readonly pool: WorkerPool<CaptionBatch, readonly ItemOutcome[]>;
  private readonly batcher: DynamicBatcher<QueuedItem, ItemOutcome>;
  readonly bases: readonly ServedBase[];
  /** of one call: what the empty queue can hold. */
  readonly maxItems: number;

  constructor(
    bases: readonly VerifiedBase[],
    settings: CaptionerSettings,
    private readonly metrics: CaptionerMetrics,
    logger: Logger,
    gate: ServingGate,
  ) {
    this.bases = bases.map(({ served }) => served);
    const workers = settings.WORKERS ?? defaultWorkers(settings);
    const workerData: WorkerData = {
      bases,
      device: settings.DEVICE,
      threads: settings.THREADS_PER_WORKER ?? Math.max(1, Math.floor(availableParallelism() / workers)),
      maxBatch: settings.MAX_BATCH,
      mapperLimits: { maxEntries: settings.MAPPER_CACHE_ENTRIES, maxBytes: settings.MAPPER_CACHE_BYTES },
    };
    this.pool = new WorkerPool({
      script: new URL('./caption.worker.js', import.meta.url),
      size: workers,
      workerData,
      onWorkerLost: (error) => {
        metrics.workersLost.inc();
        logger.warn({ reason: error.message }, 'a worker thread was lost and is being replaced');
      },
      onAllLost: (error) => {
        gate.break();
        logger.error({ reason: error.message }, 'every worker thread is lost and no new one starts');
      },
      onRecovered: () => {
        gate.recover();
        logger.warn({}, 'a worker thread started again');
      },
    });
    this.maxItems = settings.MAX_QUEUE;
    this.batcher = new DynamicBatcher((items) => this.run(items), {
      maxBatch: settings.MAX_BATCH,
      maxDelayMs: settings.MAX_BATCH_DELAY_MS,
      maxQueue: settings.MAX_QUEUE,
      maxRunning: workers,
    });
    metrics.watchQueue(() => this.batcher.waitingItems);
  }

  /** Resolves when every thread has its models loaded. @throws DomainError of the first that could not. */
  async start(): Promise<void> {
    try {
      await this.pool.ready();
    } catch (cause) {
      const { code, message } = toDomainError(cause);
      const variable = code === 'device_unavailable' ? 'DEVICE' : 'MODEL_DIRECTORIES';
      throw new DomainError(code, `${variable}: ${message}`, { cause });
    }
  }

  /** @throws DomainError `model_not_found`, naming what there is. */
  base(name: string): ServedBase {
    const found = this.bases.find((base) => base.name === name);
    if (found) return found;
    const names = this.bases.map((base) => base.name).join(', ');
    throw new DomainError('model_not_found', `no base model ${JSON.stringify(name)} here; served: ${names}`);
  }

  /** One outcome per item, in order. @throws DomainError `captioner_overloaded` when the items do not all fit. */
  submit(
    baseModel: string,
    generation: GenerationDefaults,
    items: readonly BatchItem[],
    { caller, deadline, signal }: Call,
  ): Promise<ItemOutcome>[] {
    const group = JSON.stringify([baseModel, generation]);
    return this.batcher.submit(
      items.map((item) => ({ baseModel, generation, item })),
      { group, caller, deadline, signal },
    );
  }

  async close(graceMs: number): Promise<void> {
    await this.pool.close(graceMs);
  }

  /** One batch: its items agree on base model and generation settings, their mappers may all differ. */
  private async run(queued: readonly QueuedItem[]): Promise<readonly ItemOutcome[]> {
    const [{ baseModel, generation }] = queued as [QueuedItem, ...QueuedItem[]];
    const items = queued.map(({ item }) => item);
    const stopTimer = this.metrics.batchSeconds.startTimer();
    const outcomes = await this.pool.run(
      { baseModel, generation, items },
      items.map(({ input }) => (input.kind === 'pixels' ? input.rgb.buffer : input.values.buffer)),
    );
    stopTimer();
    this.metrics.batchItems.observe(items.length);
    return outcomes;
  }
}

/** One thread keeps a GPU busy; a second would only hold its models there twice. */
const defaultWorkers = ({ DEVICE }: CaptionerSettings): number =>
  DEVICE === 'cpu' ? Math.min(MAX_DEFAULT_WORKERS, availableParallelism()) : 1;
