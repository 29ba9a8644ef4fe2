import { DomainError, toDomainError } from '@housestyle/domain';
import type { CaptionerSettings } from '@housestyle/settings';
import type { Logger } from '@housestyle/telemetry';
import { BaseWorkers, workersOf, type Call } from './base-workers.js';
import type { CaptionerMetrics } from './captioner-metrics.js';
import { memoryOfBases } from './base-memory.js';
import { ResidentBases } from './resident-bases.js';
import type { VerifiedBase } from './served-bases.js';
import type { ServingGate } from './serving-gate.js';
import type { ServedBase } from './worker-messages.js';

/** Every base model's inference threads, those loaded that the memory holds. */
export class CaptionWorkers {
  private readonly resident: ResidentBases<BaseWorkers>;
  private readonly loaded = new Map<string, BaseWorkers>();
  /** whose threads are all lost. */
  private readonly broken = new Set<string>();
  readonly bases: readonly ServedBase[];
  /** of one call: what an empty queue can hold. */
  readonly maxItems: number;

  /** @throws DomainError `invalid_settings` for a base that alone does not fit */
  constructor(
    private readonly verified: readonly VerifiedBase[],
    private readonly settings: CaptionerSettings,
    private readonly metrics: CaptionerMetrics,
    private readonly logger: Logger,
    private readonly gate: ServingGate,
  ) {
    this.bases = verified.map(({ served }) => served);
    this.maxItems = settings.MAX_QUEUE;
    const maxBytes = settings.MODEL_MEMORY_BYTES ?? Infinity;
    const sizes = memoryOfBases(verified, workersOf(settings), maxBytes);
    this.resident = new ResidentBases(sizes, {
      maxBytes,
      load: (name) => this.load(name),
      loadTimeoutMs: settings.MODEL_LOAD_TIMEOUT_MS,
      maxWaiting: settings.MAX_QUEUE,
      onLoaded: (base, seconds) => {
        metrics.baseLoads.inc({ base, outcome: 'ok' });
        metrics.baseLoadSeconds.observe(seconds);
      },
      onLoadFailed: (base, { message }) => {
        metrics.baseLoads.inc({ base, outcome: 'failed' });
        logger.error({ base, reason: message }, 'a base model cannot be loaded; its tenants wait');
      },
      onEvicted: (base) => {
        metrics.baseEvictions.inc({ base });
        this.loaded.delete(base);
        this.mend(base);
      },
    });
    metrics.watch({
      waitingItems: () => this.waitingItems,
      bases: () => {
        const loaded = this.resident.loadedNames;
        return this.bases.map(({ name }) => ({ name, bytes: sizes.get(name)!, isLoaded: loaded.includes(name) }));
      },
      takenBytes: () => this.resident.takenBytes,
      deltaBytes: () => [...this.loaded.values()].reduce((sum, workers) => sum + workers.deltaBytes, 0),
    });
  }

  /** Resolves when what fits is loaded. @throws DomainError of the first base that could not be */
  async start(): Promise<void> {
    try {
      await this.resident.loadFirst();
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

  /**
   * What `work` makes of a base's threads, which stay for as long.
   * @throws DomainError `model_unavailable`, `captioner_overloaded`, `deadline_exceeded`
   */
  use<T>(name: string, items: number, call: Call, work: (workers: BaseWorkers) => Promise<T>): Promise<T> {
    return this.resident.use(name, { items, ...call }, work);
  }

  async close(): Promise<void> {
    await this.resident.close();
  }

  private get waitingItems(): number {
    return [...this.loaded.values()].reduce((sum, workers) => sum + workers.waitingItems, this.resident.waitingItems);
  }

  private async load(name: string): Promise<BaseWorkers> {
    const base = this.verified.find(({ served }) => served.name === name)!;
    // until then its loading fails, which is told otherwise
    let isUp = false;
    const workers = await BaseWorkers.start(base, this.settings, this.metrics, {
      workerLost: ({ message }) => {
        this.metrics.workersLost.inc();
        this.logger.warn({ base: name, reason: message }, 'a worker thread was lost and is being replaced');
      },
      allLost: ({ message }) => {
        if (!isUp) return;
        this.broken.add(name);
        if (this.broken.size === this.bases.length) this.gate.break();
        this.logger.error({ base: name, reason: message }, 'every worker thread is lost and no new one starts');
      },
      recovered: () => {
        this.mend(name);
        this.logger.warn({ base: name }, 'a worker thread started again');
      },
    });
    isUp = true;
    this.loaded.set(name, workers);
    return workers;
  }

  private mend(name: string): void {
    if (this.broken.delete(name)) this.gate.recover();
  }
}
