import type { Lease, LeasedAsset, LeaseRepository } from '@housestyle/database';
import type { Logger } from '@housestyle/telemetry';
import type { PipelineMetrics } from '../pipeline-metrics.js';

/** The assets this process owns for now. Leases of slow ones are renewed until their outcome is written. */
export class HeldLeases {
  private readonly held = new Map<string, LeasedAsset>();
  private renewal: NodeJS.Timeout | undefined;
  /** Called when there is room for more. */
  onRoom: () => void = () => {};

  constructor(
    private readonly leases: LeaseRepository,
    private readonly options: { readonly leaseMs: number; readonly workerId: string },
    private readonly metrics: PipelineMetrics,
    private readonly logger: Logger,
  ) {}

  get size(): number {
    return this.held.size;
  }

  start(): void {
    this.renewal = setInterval(() => void this.renew(), this.options.leaseMs / 3);
  }

  /** Up to `limit` due assets, in turns between tenants. */
  async take(limit: number): Promise<LeasedAsset[]> {
    const taken = await this.leases.lease(limit, this.options.leaseMs, this.options.workerId);
    for (const lease of taken) this.held.set(lease.leaseToken, lease);
    this.metrics.held.set(this.held.size);
    return taken;
  }

  /** Their outcomes are written, or somebody else's now. */
  forget(leases: readonly Lease[]): void {
    for (const { leaseToken } of leases) this.held.delete(leaseToken);
    this.metrics.held.set(this.held.size);
    this.onRoom();
  }

  /** Gives these back unworked: due at once, the attempt not counted. */
  async release(leases: readonly Lease[]): Promise<void> {
    this.forget(leases);
    if (leases.length > 0) await this.leases.release(leases);
  }

  /** Gives back whatever is left. */
  async stop(): Promise<void> {
    clearInterval(this.renewal);
    await this.release([...this.held.values()]);
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
