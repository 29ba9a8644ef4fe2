import { setMaxListeners } from 'node:events';
import type { BaseModel } from '@housestyle/contracts/captioner';
import type { CaptioningRepository, CaptioningTask, LeasedAsset, LeaseRepository, Writers } from '@housestyle/database';
import { DomainError, toDomainError, type TenantId } from '@housestyle/domain';
import type { Logger } from '@housestyle/telemetry';
import { byTenant } from '../by-tenant.js';
import { PollingLoop } from '../polling-loop.js';
import type { BaseModels } from './base-models.js';
import type { CaptionStage } from './caption-stage.js';
import type { HeldLeases } from './held-leases.js';
import type { OutcomeService } from './outcome.service.js';
import type { PicturePreparer } from './picture-preparer.js';

/** What works on a leased asset, in the order it gets there. */
export interface CaptionWorkerStages {
  readonly bases: BaseModels;
  readonly preparer: PicturePreparer;
  readonly stage: CaptionStage;
  readonly outcomes: OutcomeService;
}

export interface CaptionWorkerOptions {
  /** assets asked for in one lease */
  readonly leaseSize: number;
}

const POLL_MS = 5_000;
/** between leases, unless the last was full: a lease costs a transaction, and one more for each tenant in it */
const GATHER_MS = 50;
/** the same while there is less room than for a full lease, unless that changes */
const GATHER_FOR_ROOM_MS = 1_000;
/** between two words about the same base model that cannot be had */
const TELL_AGAIN_MS = 10 * 60_000;
const BACKOFF = { firstBackoffMs: 500, maxBackoffMs: 15_000 };
/** a tenant that owns nothing */
const NOBODY = '00000000-0000-0000-0000-000000000000' as TenantId;
const NO_LEASE = { at: -Infinity, isFull: false };

/**
 * Keeps its hands full: leases due assets whenever it has room, prepares each by itself (a slow or broken picture
 * holds up nobody) and passes it on to the caption stage.
 */
export class CaptionWorkerService {
  private readonly loop = new PollingLoop(() => this.round(), {
    ...BACKOFF,
    onFailure: (error, failures) => {
      this.logger.warn({ err: error, failures }, 'no assets could be leased');
      // its pause is made already; a round that only gathers would pass for a success
      this.lastLease = NO_LEASE;
    },
  });
  private readonly abort = new AbortController();
  private readonly working = new Set<Promise<void>>();
  private lastLease = NO_LEASE;
  private isWarm = false;
  /** by base model, of `performance.now` */
  private readonly toldAt = new Map<string, number>();

  constructor(
    private readonly held: HeldLeases,
    private readonly queue: { readonly leases: LeaseRepository; readonly captioning: CaptioningRepository },
    private readonly stages: CaptionWorkerStages,
    private readonly options: CaptionWorkerOptions,
    private readonly logger: Logger,
  ) {}

  /** Something landed: look now. */
  readonly wake = this.loop.wake;
  /** The database is back. */
  readonly retry = this.loop.retry;

  /** For how long nothing can be captioned, for the captioner's sake; 0 while it can, as far as anybody knows. */
  get failingForMs(): number {
    return Math.max(this.stages.bases.failingForMs, this.stages.stage.failingForMs);
  }

  start(): void {
    // one listener for every fetch on its way
    setMaxListeners(0, this.abort.signal);
    this.held.onRoom = this.wake;
    this.held.start();
    this.loop.start();
  }

  /** Leases nothing more, finishes the calls on their way, gives back everything else unworked. */
  async stop(timeoutMs: number): Promise<void> {
    this.abort.abort(new DomainError('deadline_exceeded', 'the pipeline is stopping'));
    await this.loop.stop();
    await Promise.race([
      Promise.all([...this.working, this.stages.stage.stop()]),
      new Promise((resolve) => setTimeout(resolve, timeoutMs)),
    ]);
    await this.held.stop();
  }

  private get isStopping(): boolean {
    return this.abort.signal.aborted;
  }

  private async round(): Promise<number> {
    // nothing is leased before the captioner has said what it takes
    if (!this.stages.bases.isKnown) await this.stages.bases.refresh();
    await this.warmUp();
    if (this.isStopping) return 0;
    const gatherMs = this.msToGather();
    if (gatherMs > 0) return gatherMs;
    if (this.held.room === 0) return POLL_MS;
    const leased = await this.held.take(this.options.leaseSize);
    this.lastLease = { at: performance.now(), isFull: leased.length === this.options.leaseSize };
    if (leased.length === 0) {
      const dueInMs = (await this.queue.leases.msUntilDue(this.held.tenantsWithoutRoom)) ?? POLL_MS;
      // a due asset that was not leased is being leased elsewhere
      return Math.min(Math.max(dueInMs, GATHER_MS), POLL_MS);
    }
    await Promise.all([...byTenant(leased)].map(([tenant, leases]) => this.begin(tenant, leases)));
    return 0;
  }

  /** The database's client compiles a query when it first comes, the largest in some 30 ms: before pictures do. */
  private async warmUp(): Promise<void> {
    if (this.isWarm) return;
    this.isWarm = true;
    await this.queue.captioning.loadTasks(NOBODY, []).catch(() => undefined); // told of when pictures need it
  }

  /** Waiting so, neither every single place that falls free nor every single upload costs a lease. */
  private msToGather(): number {
    const { at, isFull } = this.lastLease;
    const pauseMs = this.held.room < this.options.leaseSize ? GATHER_FOR_ROOM_MS : isFull ? 0 : GATHER_MS;
    return at + pauseMs - performance.now();
  }

  /** The champion is read with every batch, so that a promotion counts from the next one on. */
  private async begin(tenant: TenantId, leases: readonly LeasedAsset[]): Promise<void> {
    const ids = leases.map(({ assetRowId }) => assetRowId);
    const { tasks, ...writers } = await this.queue.captioning.loadTasks(tenant, ids).catch(async (error: unknown) => {
      // no fault of theirs, so no attempt is counted; if this fails too, they are left to their leases' end
      await this.held.release(leases).catch(() => undefined);
      throw error;
    });
    const taskOf = new Map(tasks.map((task) => [task.assetRowId, task]));
    this.held.forget(leases.filter(({ assetRowId }) => !taskOf.has(assetRowId)));
    const there = leases.filter(({ assetRowId }) => taskOf.has(assetRowId));
    // not awaited: a captioner that keeps silent about its bases must not hold up the loop
    if (there.length > 0) this.track(this.beginWithBase(there, taskOf, writers));
  }

  private async beginWithBase(
    leases: readonly LeasedAsset[],
    taskOf: ReadonlyMap<string, CaptioningTask>,
    writers: Writers,
  ): Promise<void> {
    const [{ tenantId }] = leases as [LeasedAsset];
    const base = await this.baseOf(leases[0]!);
    if (this.isStopping) return;
    // given back later if the database does not take them now
    if (!base) return this.held.setAside(tenantId, leases).catch(() => undefined);
    for (const lease of leases) this.track(this.work(lease, taskOf.get(lease.assetRowId)!, base, writers));
  }

  /** A tenant's base model. One that cannot be had now is an operator's to bring, and no picture's fault. */
  private async baseOf({ baseModel }: LeasedAsset): Promise<BaseModel | undefined> {
    try {
      return await this.stages.bases.get(baseModel);
    } catch (error) {
      const now = performance.now();
      if (now - (this.toldAt.get(baseModel) ?? -Infinity) > TELL_AGAIN_MS) {
        this.toldAt.set(baseModel, now);
        const { code, message } = toDomainError(error);
        const level = code === 'model_not_found' ? 'error' : 'warn';
        this.logger[level]({ base: baseModel, code }, `pictures wait for their base model: ${message}`);
      }
      return undefined;
    }
  }

  private async work(lease: LeasedAsset, task: CaptioningTask, base: BaseModel, writers: Writers): Promise<void> {
    const { preparer, stage, outcomes } = this.stages;
    const { champion, predecessor } = writers;
    try {
      if (lease.isExhausted) {
        const message = `its worker ended ${lease.attempts - 1} times before there was an outcome`;
        throw new DomainError('attempts_exhausted', message);
      }
      const mappers = { ...(champion && { mapper: champion }), ...(predecessor && { fallback: predecessor }) };
      const item = { lease, task, base, ...mappers };
      const stored = task.embeddings.find(({ baseSha256 }) => baseSha256 === base.sha256);
      if (stored) return stage.add({ ...item, embedding: stored.values });
      const picture = await preparer.prepare(task, base, this.abort.signal);
      if (!this.isStopping) stage.add({ ...item, picture });
    } catch (error) {
      // a fetch that stopping cut short is nobody's fault: its lease is given back
      if (!this.isStopping) await outcomes.fail(lease, toDomainError(error));
    }
  }

  private track(work: Promise<void>): void {
    const tracked = work.finally(() => this.working.delete(tracked));
    this.working.add(tracked);
  }
}
