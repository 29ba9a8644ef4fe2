import { randomUUID } from 'node:crypto';
import type { Lease, LeasedAsset, LeaseRepository } from '@housestyle/database';
import type { TenantId } from '@housestyle/domain';
import type { Logger } from '@housestyle/telemetry';
import { shareOf } from '../fair-share.js';
import type { PipelineMetrics } from '../pipeline-metrics.js';

export interface HeldLeasesOptions {
  /** assets held at once: those being fetched, waiting and being captioned */
  readonly capacity: number;
  readonly leaseMs: number;
  readonly workerId: string;
}

/** before anything more is leased of a tenant whose assets cannot be worked on */
const SET_ASIDE_MS = 10_000;
/** in a row: a database that is away is back by then, and no asset needs so long */
const MAX_ABANDONMENTS = 3;

/**
 * The assets this process owns for now. Leases of slow ones are renewed until their outcome is written. No tenant may
 * hold more than its share, so that one whose pictures never arrive leaves places for the others.
 */
export class HeldLeases {
  private readonly held = new Map<string, LeasedAsset>();
  /** tokens of those that have got as far as the caption stage */
  private readonly arrived = new Set<string>();
  private readonly countOf = new Map<TenantId, number>();
  /** until when nothing is leased of a tenant, of `performance.now` */
  private readonly asideUntil = new Map<TenantId, number>();
  /** still ours in the table, and to be given back as soon as the database answers */
  private strays: Lease[] = [];
  /** of assets whose outcome could not be written, how often in a row */
  private readonly abandonments = new Map<string, number>();
  private unanswered: string[] = [];
  private renewal: NodeJS.Timeout | undefined;
  /** Called when there is room for more. */
  onRoom: () => void = () => {};

  constructor(
    private readonly leases: LeaseRepository,
    private readonly options: HeldLeasesOptions,
    private readonly metrics: PipelineMetrics,
    private readonly logger: Logger,
  ) {}

  get room(): number {
    return this.options.capacity - this.held.size;
  }

  /** Held, and not yet at the caption stage. */
  get onTheWay(): number {
    return this.held.size - this.arrived.size;
  }

  /** It has got as far as the caption stage. */
  arrive({ leaseToken }: Lease): void {
    if (this.held.has(leaseToken)) this.arrived.add(leaseToken);
  }

  /** Who may take no more for now. */
  get tenantsWithoutRoom(): TenantId[] {
    return this.knownTenants.filter((tenant) => this.allowanceOf(tenant) === 0);
  }

  start(): void {
    this.renewal = setInterval(() => void this.renew(), this.options.leaseMs / 3);
  }

  /** Up to `limit` due assets, as far as there is room, in turns between tenants. */
  async take(limit: number): Promise<LeasedAsset[]> {
    await this.releaseStrays();
    const taken = await this.lease(Math.min(limit, this.room));
    for (const lease of taken) {
      this.held.set(lease.leaseToken, lease);
      this.count(lease.tenantId, 1);
    }
    this.metrics.held.set(this.held.size);
    return taken;
  }

  /** Their outcomes are written, or somebody else's now. */
  forget(leases: readonly Lease[]): void {
    for (const { assetRowId } of leases) this.abandonments.delete(assetRowId);
    this.drop(leases);
  }

  /**
   * The database takes no outcome of it: it is given back when it answers, and no attempt is counted. But for what it
   * refuses again and again, which shall use its attempts up.
   */
  abandon(lease: Lease): void {
    const times = (this.abandonments.get(lease.assetRowId) ?? 0) + 1;
    this.abandonments.set(lease.assetRowId, times);
    if (times <= MAX_ABANDONMENTS) this.strays.push(lease);
    this.drop([lease]);
  }

  /** Gives these back unworked: due at once, the attempt not counted. If that fails now, it is done later. */
  async release(leases: readonly Lease[]): Promise<void> {
    this.strays.push(...leases);
    this.drop(leases);
    await this.releaseStrays();
  }

  /** The same for what nobody can work on now: nothing of the tenant is leased for a while, so that others' is. */
  async setAside(tenant: TenantId, leases: readonly Lease[]): Promise<void> {
    this.asideUntil.set(tenant, performance.now() + SET_ASIDE_MS);
    await this.release(leases);
  }

  /** Gives back whatever is left. */
  async stop(): Promise<void> {
    clearInterval(this.renewal);
    await this.release([...this.held.values()]);
  }

  private drop(leases: readonly Lease[]): void {
    for (const { leaseToken } of leases) {
      const lease = this.held.get(leaseToken);
      if (lease && this.held.delete(leaseToken)) this.count(lease.tenantId, -1);
      this.arrived.delete(leaseToken);
    }
    this.metrics.held.set(this.held.size);
    this.onRoom();
  }

  private async lease(limit: number): Promise<LeasedAsset[]> {
    const { capacity, leaseMs, workerId } = this.options;
    const batch = randomUUID();
    const allowances = {
      byTenant: new Map(this.knownTenants.map((tenant) => [tenant, this.allowanceOf(tenant)])),
      ofOthers: shareOf(capacity, this.held.size),
    };
    try {
      return await this.leases.lease(limit, leaseMs, workerId, allowances, batch);
    } catch (error) {
      this.unanswered.push(batch);
      throw error;
    }
  }

  private async releaseStrays(): Promise<void> {
    // more may come meanwhile
    const [strays, unanswered] = [[...this.strays], [...this.unanswered]];
    if (strays.length > 0) await this.leases.release(strays);
    this.strays = this.strays.filter((lease) => !strays.includes(lease));
    if (unanswered.length > 0) await this.leases.releaseBatches(unanswered);
    this.unanswered = this.unanswered.filter((batch) => !unanswered.includes(batch));
  }

  private get knownTenants(): TenantId[] {
    const now = performance.now();
    for (const [tenant, until] of this.asideUntil) if (until <= now) this.asideUntil.delete(tenant);
    return [...new Set([...this.countOf.keys(), ...this.asideUntil.keys()])];
  }

  private allowanceOf(tenant: TenantId): number {
    if (this.asideUntil.has(tenant)) return 0;
    const own = this.countOf.get(tenant) ?? 0;
    return Math.max(0, shareOf(this.options.capacity, this.held.size - own) - own);
  }

  private count(tenant: TenantId, change: 1 | -1): void {
    const count = (this.countOf.get(tenant) ?? 0) + change;
    if (count > 0) this.countOf.set(tenant, count);
    else this.countOf.delete(tenant);
  }

  private async renew(): Promise<void> {
    const held = [...this.held.values()];
    if (held.length === 0) return;
    try {
      await this.leases.renew(held, this.options.leaseMs);
    } catch (error) {
      // the next renewal comes before the leases end; an outcome whose lease did end is not taken
      this.logger.warn({ err: error, held: held.length }, 'leases could not be renewed');
    }
  }
}
