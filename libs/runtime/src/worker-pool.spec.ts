import { afterEach, describe, expect, it } from 'vitest';
import { waitFor } from '../../../test/support/wait-for.js';
import { WorkerPool, type WorkerPoolOptions } from './worker-pool.js';

const script = new URL('./worker-pool.fixture.mjs', import.meta.url);
const pools: WorkerPool<unknown, unknown>[] = [];

function openPool(options: Partial<WorkerPoolOptions> = {}): WorkerPool<unknown, unknown> {
  const pool = new WorkerPool<unknown, unknown>({ script, size: 1, restartDelayMs: 10, ...options });
  pools.push(pool);
  return pool;
}

const gate = () => new SharedArrayBuffer(4);
function open(closed: SharedArrayBuffer): void {
  Atomics.store(new Int32Array(closed), 0, 1);
  Atomics.notify(new Int32Array(closed), 0);
}

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close(1_000)));
});

describe('WorkerPool', () => {
  it('answers, and moves what is transferred instead of copying it', async () => {
    const pool = openPool();
    await pool.ready();
    const values = Float32Array.of(1, 2, 3);
    expect(await pool.run({ do: 'double', values }, [values.buffer])).toEqual(Float32Array.of(2, 4, 6));
    expect(values.byteLength).toBe(0);
  });

  it('keeps this thread free while a worker blocks, and uses the other workers meanwhile', async () => {
    const pool = openPool({ size: 2 });
    await pool.ready();
    const closed = gate();
    const blocked = pool.run({ do: 'block', gate: closed });
    expect(pool.idleWorkers).toBe(1);
    expect(await pool.run('hello')).toBe('hello');
    open(closed);
    expect(await blocked).toBe('released');
    expect(pool.idleWorkers).toBe(2);
  });

  it('gives a worker as many requests at once as it takes, and each worker its share', async () => {
    const pool = openPool({ size: 2, capacity: 3 });
    await pool.ready();
    const names = ['1', '2', '3', '4', '5', '6'];
    const answers = names.map((name) => pool.run({ do: 'meet', name, count: 3 }));
    expect(await Promise.all(answers)).toEqual(
      [1, 2, 1, 2, 1, 2].map((n) => (n === 1 ? ['1', '3', '5'] : ['2', '4', '6'])),
    );
    expect(pool.idleWorkers).toBe(2);
  });

  it('tells a worker what nobody waits for any more', async () => {
    const pool = openPool({ capacity: 2 });
    const abort = new AbortController();
    const [cancelled, other] = [pool.run({ do: 'wait' }, [], abort.signal), pool.run('hello')];
    expect(await other).toBe('hello');
    abort.abort();
    expect(await cancelled).toBe('cancelled');
  });

  it('begins nothing of which nobody waits', async () => {
    const pool = openPool();
    const late = pool.run({ do: 'wait' }, [], AbortSignal.abort());
    await expect(late).rejects.toMatchObject({ code: 'deadline_exceeded' });
    expect(await pool.run('hello')).toBe('hello');
  });

  it('finishes all that a worker has begun, on close', async () => {
    const pool = openPool({ capacity: 4 });
    await pool.ready();
    const running = ['1', '2'].map((name) => pool.run({ do: 'meet', name, count: 2 }));
    await pool.close(5_000);
    expect(await Promise.all(running)).toHaveLength(2);
  });

  it('carries a DomainError over with its code, and the worker lives on', async () => {
    const pool = openPool();
    const [threadId] = (await pool.ready(), pool.threadIds);
    await expect(pool.run({ do: 'fail' })).rejects.toMatchObject({ code: 'mapper_mismatch', message: 'does not fit' });
    expect(await pool.run(1)).toBe(1);
    expect(pool.threadIds).toEqual([threadId]);
  });

  it.each(['crash', 'exit'])(
    'fails only the request a worker was on when it goes (%s), and replaces it',
    async (how) => {
      const lost: string[] = [];
      const pool = openPool({ onWorkerLost: (error) => lost.push(error.message) });
      await pool.ready();
      const [doomed, next] = [pool.run({ do: how }), pool.run('next')];
      await expect(doomed).rejects.toMatchObject({ code: 'internal', disposition: 'retry' });
      expect(await next).toBe('next');
      expect(lost).toHaveLength(1);
    },
  );

  it('survives losing a worker again and again', async () => {
    const pool = openPool({ size: 2 });
    for (let round = 0; round < 5; round++) await expect(pool.run({ do: 'crash' })).rejects.toThrow('out of luck');
    expect(await pool.run('still here')).toBe('still here');
    await waitFor('both workers', () => pool.idleWorkers === 2);
  });

  it('reports a start that fails, with its code', async () => {
    await expect(openPool({ workerData: { refuseToStart: true } }).ready()).rejects.toMatchObject({
      code: 'invalid_model',
      message: 'no model here',
    });
    const crashing = openPool({ workerData: { crashOnStart: true } });
    await expect(crashing.ready()).rejects.toThrow('broken from the start');
    await expect(crashing.run('anyone?')).rejects.toMatchObject({
      code: 'captioner_unavailable',
      message: 'no worker starts: a worker thread threw: broken from the start',
    });
  });

  it('tells when no worker is left and none starts, and when one does again', async () => {
    const isBroken = gate();
    const told: string[] = [];
    const pool = openPool({
      size: 2,
      workerData: { isBroken },
      onAllLost: (error) => told.push(`${error.code}: ${error.message}`),
      onRecovered: () => told.push('recovered'),
    });
    await pool.ready();
    await expect(pool.run({ do: 'crash' })).rejects.toThrow('out of luck');
    await waitFor('the replacement', () => pool.idleWorkers === 2);
    Atomics.store(new Int32Array(isBroken), 0, 1);
    const doomed = [pool.run({ do: 'crash' }), pool.run({ do: 'crash' })];
    await Promise.allSettled(doomed);
    await waitFor('the failed replacements', () => told.length > 0);
    expect(told).toEqual(['captioner_unavailable: no worker starts: a worker thread threw: broken for now']);
    Atomics.store(new Int32Array(isBroken), 0, 0);
    expect(await waitFor('an answer', () => pool.run('back').catch(() => false))).toBe('back');
    expect(told.slice(1)).toEqual(['recovered']);
  });

  it('finishes what runs, fails what waits and refuses what comes, on close', async () => {
    const pool = openPool();
    await pool.ready();
    const closed = gate();
    const running = pool.run({ do: 'block', gate: closed });
    const waiting = pool.run('late');
    const closing = pool.close(5_000);
    await expect(waiting).rejects.toMatchObject({ code: 'captioner_unavailable' });
    await expect(pool.run('too late')).rejects.toMatchObject({ code: 'captioner_unavailable' });
    open(closed);
    expect(await running).toBe('released');
    await closing;
    expect(pool.threadIds).toEqual([]);
  });

  it('stops by force a worker that does not finish in time', async () => {
    const pool = openPool();
    await pool.ready();
    const stuck = pool.run({ do: 'block', gate: gate() });
    stuck.catch(() => undefined);
    await pool.close(50);
    await expect(stuck).rejects.toMatchObject({ code: 'internal' });
  });
});
