import type { CaptioningRepository, LeasedAsset, LeaseRepository } from '@housestyle/database';
import { createLogger } from '@housestyle/telemetry';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PipelineMetrics } from '../pipeline-metrics.js';
import { CaptionWorkerService, type CaptionWorkerStages } from './caption-worker.service.js';
import { HeldLeases } from './held-leases.js';

const logger = createLogger('spec', 'silent');
/** more leases than any case should make: a loop without pauses ends there, or the clock would never go on */
const MAX_LEASES = 100;

const leased = (token: string): LeasedAsset =>
  ({ leaseToken: token, assetRowId: token, tenantId: 'tenant' }) as unknown as LeasedAsset;

/** A worker in a full queue whose tenants cannot be read; `leaseSizes` are those of the leases it made. */
function workerOver(bases: Partial<CaptionWorkerStages['bases']>) {
  const leaseSizes: number[] = [];
  const leases = {
    lease: async (limit: number) => {
      leaseSizes.push(limit);
      if (leaseSizes.length > MAX_LEASES) await new Promise(() => {});
      return Array.from({ length: limit }, (_, index) => leased(`${leaseSizes.length}/${index}`));
    },
    release: async () => {},
  } as unknown as LeaseRepository;
  const loadTasks = () => Promise.reject(new Error('the app role cannot log in'));
  const captioning = { loadTasks } as unknown as CaptioningRepository;
  const limits = { capacity: 8, leaseMs: 60_000, workerId: 'spec' };
  const held = new HeldLeases(leases, limits, new PipelineMetrics(), logger);
  const stages = { bases, stage: { stop: async () => {} } } as unknown as CaptionWorkerStages;
  const worker = new CaptionWorkerService(held, { leases, captioning }, stages, { leaseSize: 2 }, logger);
  return { worker, leaseSizes };
}

describe('CaptionWorkerService', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('leases ever less often while tenants cannot be read, though what it gives back makes room', async () => {
    const { worker, leaseSizes } = workerOver({ isKnown: true });
    worker.start();
    const leasesAfter = async (ms: number): Promise<number> => {
      await vi.advanceTimersByTimeAsync(ms);
      return leaseSizes.length;
    };
    expect(await leasesAfter(0)).toBe(1);
    expect([await leasesAfter(490), await leasesAfter(20)]).toEqual([1, 2]);
    expect([await leasesAfter(980), await leasesAfter(20)]).toEqual([2, 3]);
    expect([await leasesAfter(1_980), await leasesAfter(20)]).toEqual([3, 4]);
    await worker.stop(1_000);
  });

  it('leases nothing when it is stopped while it asks the captioner what it takes', async () => {
    let answer: () => void = () => {};
    const { worker, leaseSizes } = workerOver({
      isKnown: false,
      refresh: () => new Promise((resolve) => (answer = resolve)),
    });
    worker.start();
    const stopping = worker.stop(1_000);
    answer();
    await stopping;
    expect(leaseSizes).toEqual([]);
  });
});
