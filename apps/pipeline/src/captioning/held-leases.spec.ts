import type { Lease, LeasedAsset, LeaseRepository } from '@housestyle/database';
import { createLogger } from '@housestyle/telemetry';
import { describe, expect, it } from 'vitest';
import { PipelineMetrics } from '../pipeline-metrics.js';
import { HeldLeases } from './held-leases.js';

/** One asset, leased anew each time; `givenBack` has the tokens of the leases that were. */
function holder() {
  const givenBack: string[] = [];
  let leases = 0;
  const repository = {
    lease: async () => [{ leaseToken: `${++leases}`, assetRowId: 'a', tenantId: 't' } as unknown as LeasedAsset],
    release: async (released: readonly Lease[]) => void givenBack.push(...released.map((lease) => lease.leaseToken)),
  } as unknown as LeaseRepository;
  const limits = { capacity: 4, leaseMs: 60_000, workerId: 'spec' };
  return { held: new HeldLeases(repository, limits, new PipelineMetrics(), createLogger('spec', 'silent')), givenBack };
}

describe('leases whose outcome the database does not take', () => {
  it('are given back with the next lease, a few times in a row: then they cost their attempts', async () => {
    const { held, givenBack } = holder();
    for (let n = 0; n < 6; n++) held.abandon((await held.take(1))[0]!);
    expect(givenBack).toEqual(['1', '2', '3']);
    expect(held.room).toBe(4);
  });

  it('are counted anew once an outcome was written', async () => {
    const { held, givenBack } = holder();
    for (let n = 0; n < 3; n++) held.abandon((await held.take(1))[0]!);
    held.forget(await held.take(1));
    held.abandon((await held.take(1))[0]!);
    await held.stop();
    expect(givenBack).toEqual(['1', '2', '3', '5']);
  });
});
