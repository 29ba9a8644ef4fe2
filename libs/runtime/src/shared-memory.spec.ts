import { afterEach, describe, expect, it } from 'vitest';
import { waitFor } from '../../../test/support/wait-for.js';
import { WorkerPool } from './worker-pool.js';

interface Shared {
  /** the block's first byte. */
  readonly value: number;
  /** of the block, in bytes. */
  readonly size: number;
  /** of the request that made it. */
  readonly layout: string;
}

const script = new URL('./worker-pool.fixture.mjs', import.meta.url);
const pools: WorkerPool<unknown, Shared>[] = [];

/** Requests that are begun together go to a worker each. */
async function openPool(size = 2): Promise<WorkerPool<unknown, Shared>> {
  const pool = new WorkerPool<unknown, Shared>({ script, size, restartDelayMs: 10 });
  pools.push(pool);
  await pool.ready();
  return pool;
}

const counter = () => new SharedArrayBuffer(4);
const valueOf = (cell: SharedArrayBuffer): number => new Int32Array(cell)[0]!;

const share = (layout: string, more: object = {}) => ({ do: 'share', key: 'key', layout, ...more });
const leave = (key = 'key') => ({ do: 'leave', key });

/** As many workers want the same block, and it is not begun before all have asked. */
async function askTogether(pool: WorkerPool<unknown, Shared>, layouts: readonly string[], more: object) {
  const [gate, asked] = [counter(), counter()];
  const answers = Promise.allSettled(layouts.map((layout) => pool.run(share(layout, { gate, asked, ...more }))));
  await waitFor('all to ask', () => valueOf(asked) === layouts.length);
  Atomics.store(new Int32Array(gate), 0, 1);
  Atomics.notify(new Int32Array(gate), 0);
  return answers;
}

/** The rejected first. */
const byStatus = (results: readonly PromiseSettledResult<Shared>[]) =>
  results.toSorted((one, other) => other.status.localeCompare(one.status));

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close(1_000)));
});

describe('the memory that workers share', { timeout: 20_000 }, () => {
  it('is made by one worker for all who want it', async () => {
    const pool = await openPool(3);
    const makers = counter();
    const answers = await askTogether(pool, ['a', 'b', 'c'], { makers });
    expect(valueOf(makers)).toBe(1);
    expect(pool.sharedBytes).toBe(8);
    const [{ value }] = answers as unknown as [{ value: Shared }];
    await pool.run(share('written', { write: 7 }));
    const again = await Promise.all(['a', 'b', 'c'].map((layout) => pool.run(share(layout))));
    expect(again).toEqual(Array(3).fill({ ...value, value: 7 }));
  });

  it('is made by the next who wants it when the first cannot, who alone hears why', async () => {
    const pool = await openPool(3);
    const makers = counter();
    const [failed, ...others] = byStatus(await askTogether(pool, ['a', 'b', 'c'], { makers, first: 'fail' }));
    expect(failed).toMatchObject({ status: 'rejected', reason: { code: 'corrupt_checkpoint' } });
    expect(others.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
    expect(valueOf(makers)).toBe(2);
    expect(pool.sharedBytes).toBe(8);
  });

  it('is made by the next who wants it when the first is lost, and given up when its users are', async () => {
    const pool = await openPool(3);
    const makers = counter();
    const [lost, ...others] = byStatus(await askTogether(pool, ['a', 'b', 'c'], { makers, first: 'exit' }));
    expect(lost).toMatchObject({ status: 'rejected', reason: { code: 'internal' } });
    expect(others.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
    await waitFor('the replacement', () => pool.idleWorkers === 3);
    expect(pool.sharedBytes).toBe(8);
    await Promise.allSettled(Array.from({ length: 3 }, () => pool.run({ do: 'exit' })));
    expect(pool.sharedBytes).toBe(0);
  });

  it('is made anew after nobody could make it', async () => {
    const pool = await openPool(1);
    const bad = share('bad', { makers: counter(), first: 'fail' });
    await expect(pool.run(bad)).rejects.toMatchObject({ code: 'corrupt_checkpoint', message: 'not made for bad' });
    expect(await pool.run(share('good'))).toMatchObject({ layout: 'good' });
  });

  it('stays while anybody uses it', async () => {
    const pool = await openPool();
    const [{ layout }] = await Promise.all([pool.run(share('a')), pool.run(share('b'))]);
    await pool.run(leave());
    const both = await Promise.all([pool.run(share('c')), pool.run(share('d'))]);
    expect(both.map((each) => each.layout)).toEqual([layout, layout]);
  });

  it('goes to the next block that it fits when its last user has left', async () => {
    const pool = await openPool(1);
    await pool.run(share('a', { write: 5 }));
    await pool.run(share('again'));
    await pool.run(leave());
    expect(pool.sharedBytes).toBe(8);
    await pool.run(leave());
    await waitFor('the block to be given up', () => pool.sharedBytes === 0);
    const other = (key: string, size: number) => pool.run({ ...share(key), key, size });
    expect(await other('too large', 9)).toEqual({ value: 0, size: 9, layout: 'too large' });
    expect(await other('far too small', 6)).toEqual({ value: 0, size: 6, layout: 'far too small' });
    expect(await other('fitting', 7)).toEqual({ value: 5, size: 8, layout: 'fitting' });
    expect(await other('gone', 7)).toEqual({ value: 0, size: 7, layout: 'gone' });
  });

  it('is given back when the pool closes', async () => {
    const pool = await openPool(1);
    const { arrayBuffers } = process.memoryUsage();
    for (const key of ['a', 'b', 'c', 'd']) await pool.run({ ...share(key), key, size: 5e7 });
    expect(process.memoryUsage().arrayBuffers - arrayBuffers).toBeGreaterThan(1.9e8);
    // what has seen some collections of young objects is left to the rare ones of all
    for (let n = 0; n < 400; n++) Array.from({ length: 20_000 }, () => ({}));
    await pool.close(1_000);
    await waitFor('the memory', () => process.memoryUsage().arrayBuffers - arrayBuffers < 1e7);
  });
});
