import { describe, expect, it } from 'vitest';
import { DynamicBatcher, type DynamicBatcherOptions, type Submission } from './dynamic-batcher.js';

const A: Submission = { group: 'g', caller: 'a' };
const B: Submission = { group: 'g', caller: 'b' };

/** A batcher over a process that the test releases, batch by batch. */
function harness(options: Partial<DynamicBatcherOptions> = {}) {
  const batches: { items: readonly string[]; group: string; finish(): void; fail(error: Error): void }[] = [];
  const arrivals: (() => void)[] = [];
  const batcher = new DynamicBatcher<string, string>(
    (items, group) =>
      new Promise((resolve, reject) => {
        batches.push({ items, group, finish: () => resolve(items.map((item) => `${item}!`)), fail: reject });
        arrivals.splice(0).forEach((arrived) => arrived());
      }),
    { maxBatch: 4, maxDelayMs: 20, maxQueue: 100, maxRunning: 1, ...options },
  );
  const batch = async (index: number) => {
    while (!batches[index]) await new Promise<void>((resolve) => arrivals.push(resolve));
    return batches[index];
  };
  return { batcher, batches, batch };
}

const settle = (promises: Promise<string>[]) => Promise.allSettled(promises);

describe('DynamicBatcher', () => {
  it('mixes the items of several calls and gives each its own result', async () => {
    const { batcher, batch } = harness();
    const first = batcher.submit(['1', '2'], A);
    const second = batcher.submit(['3'], B);
    (await batch(0)).finish();
    expect(await Promise.all([...first, ...second])).toEqual(['1!', '2!', '3!']);
    expect((await batch(0)).items).toHaveLength(3);
  });

  it('starts a full batch at once', () => {
    const { batcher, batches } = harness({ maxDelayMs: 60_000 });
    void batcher.submit(['1', '2', '3', '4', '5'], A);
    expect(batches.map(({ items }) => items)).toEqual([['1', '2', '3', '4']]);
  });

  it('does not wait the whole delay for company that does not come', async () => {
    const { batcher, batch } = harness({ maxDelayMs: 5_000 });
    const startedAt = Date.now();
    void batcher.submit(['alone'], A);
    await batch(0);
    expect(Date.now() - startedAt).toBeLessThan(5_000);
  });

  it('starts an unfilled batch after the delay even when items keep coming', async () => {
    const { batcher, batch } = harness({ maxBatch: 1_000, maxQueue: 1_000, maxDelayMs: 50 });
    const trickle = setInterval(() => void batcher.submit(['more'], A), 2);
    void batcher.submit(['first'], A);
    await batch(0);
    clearInterval(trickle);
  });

  it('runs as many batches at once as there are workers, and no more', async () => {
    const { batcher, batches, batch } = harness({ maxRunning: 2, maxBatch: 1 });
    void batcher.submit(['1', '2', '3'], A);
    expect(batches).toHaveLength(2);
    expect(batcher.waitingItems).toBe(1);
    batches[0]?.finish();
    expect((await batch(2)).items).toEqual(['3']);
  });

  it('never mixes groups', async () => {
    const { batcher, batches, batch } = harness({ maxRunning: 2 });
    void batcher.submit(['1'], { group: 'beam', caller: 'a' });
    void batcher.submit(['2'], { group: 'greedy', caller: 'a' });
    await batch(1);
    expect(batches.map(({ items, group }) => [group, ...items])).toEqual([
      ['beam', '1'],
      ['greedy', '2'],
    ]);
  });

  it('serves callers in turn: a small call is not behind all of a large one', async () => {
    const { batcher, batch } = harness();
    void batcher.submit(['a0', 'a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7', 'a8', 'a9'], A);
    const small = batcher.submit(['b0', 'b1'], B);
    (await batch(0)).finish();
    expect((await batch(1)).items.toSorted()).toEqual(['a4', 'a5', 'b0', 'b1']);
    (await batch(1)).finish();
    expect(await Promise.all(small)).toEqual(['b0!', 'b1!']);
  });

  it('refuses all of what does not fit, and takes more when there is room again', async () => {
    const { batcher, batches, batch } = harness({ maxQueue: 4 });
    void batcher.submit(['1', '2', '3', '4'], A);
    void batcher.submit(['5', '6', '7'], A);
    expect(() => batcher.submit(['8', '9'], A)).toThrow(expect.objectContaining({ code: 'captioner_overloaded' }));
    expect(batcher.waitingItems).toBe(3);
    batches[0]?.finish();
    await batch(1);
    expect(batcher.submit(['8', '9'], A)).toHaveLength(2);
  });

  it('drops expired items before they cost work', async () => {
    const { batcher, batches, batch } = harness({ maxBatch: 2 });
    void batcher.submit(['running', 'running'], A);
    const late = batcher.submit(['late'], { ...A, deadline: Date.now() - 1 });
    const good = batcher.submit(['good'], A);
    expect(await settle(late)).toMatchObject([{ status: 'rejected', reason: { code: 'deadline_exceeded' } }]);
    batches[0]?.finish();
    (await batch(1)).finish();
    expect(await Promise.all(good)).toEqual(['good!']);
    expect((await batch(1)).items).toEqual(['good']);
  });

  it('takes the items of an aborted call out of the queue at once', async () => {
    const { batcher } = harness({ maxBatch: 1 });
    void batcher.submit(['running'], A);
    const call = new AbortController();
    const waiting = batcher.submit(['1', '2'], { ...B, signal: call.signal });
    expect(batcher.waitingItems).toBe(2);
    call.abort();
    expect(batcher.waitingItems).toBe(0);
    expect((await settle(waiting)).every(({ status }) => status === 'rejected')).toBe(true);
  });

  it('fails the items of a batch that fails, and goes on', async () => {
    const { batcher, batches, batch } = harness({ maxBatch: 2 });
    const bad = batcher.submit(['1', '2'], A);
    const good = batcher.submit(['3', '4'], A);
    batches[0]?.fail(new Error('broken'));
    expect(await settle(bad)).toMatchObject([{ reason: { code: 'internal' } }, { reason: { message: 'broken' } }]);
    (await batch(1)).finish();
    expect(await Promise.all(good)).toEqual(['3!', '4!']);
  });

  it('tells when everything is done', async () => {
    const { batcher, batches, batch } = harness({ maxBatch: 1 });
    await batcher.drained();
    const results = batcher.submit(['1', '2'], A);
    let isDrained = false;
    const drained = batcher.drained().then(() => (isDrained = true));
    batches[0]?.finish();
    (await batch(1)).finish();
    await Promise.all(results);
    await drained;
    expect(isDrained).toBe(true);
  });
});
