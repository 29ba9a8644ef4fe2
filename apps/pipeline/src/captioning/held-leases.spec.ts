import type { Lease, LeasedAsset, LeaseRepository } from '@housestyle/database';
import type { TenantId } from '@housestyle/domain';
import { createLogger } from '@housestyle/telemetry';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { PipelineMetrics } from '../pipeline-metrics.js';
import { HeldLeases } from './held-leases.js';

type Allowances = NonNullable<Parameters<LeaseRepository['lease']>[3]>;

/** One asset, leased anew each time; `givenBack` has the tokens of the leases that were. */
function holder() {
  const givenBack: string[] = [];
  const allowances: Allowances[] = [];
  let leases = 0;
  const repository = {
    lease: async (_limit: number, _ms: number, _worker: string, allowed: Allowances) => {
      allowances.push(allowed);
      return [{ leaseToken: `${++leases}`, assetRowId: 'a', tenantId: 't' } as unknown as LeasedAsset];
    },
    release: async (released: readonly Lease[]) => void givenBack.push(...released.map((lease) => lease.leaseToken)),
  } as unknown as LeaseRepository;
  const limits = { capacity: 4, leaseMs: 60_000, workerId: 'spec' };
  const held = new HeldLeases(repository, limits, new PipelineMetrics(), createLogger('spec', 'silent'));
  return { held, givenBack, allowances };
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

it('knows how many it holds have not got as far as the caption stage', async () => {
  const { held } = holder();
  const [[one], [other]] = [await held.take(1), await held.take(1)];
  expect(held.onTheWay).toBe(2);
  held.arrive(one!);
  expect(held.onTheWay).toBe(1);
  held.forget([one!]);
  held.arrive(one!); // whose lease has ended meanwhile
  expect(held.onTheWay).toBe(1);
  await held.release([other!]);
  expect(held.onTheWay).toBe(0);
});

it('leases nothing of a tenant that was set aside for a while, and says that it has no room', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const tenant = 't' as TenantId;
  const { held, givenBack, allowances } = holder();
  await held.setAside(tenant, await held.take(1));
  expect(givenBack).toEqual(['1']);
  expect(held.tenantsWithoutRoom).toEqual([tenant]);
  await held.take(1);
  expect(allowances[1]!.byTenant).toEqual(new Map([[tenant, 0]]));
  vi.advanceTimersByTime(10_000);
  await held.stop();
  expect(held.tenantsWithoutRoom).toEqual([]);
  await held.take(1);
  expect(allowances[2]!.byTenant).toEqual(new Map());
});
