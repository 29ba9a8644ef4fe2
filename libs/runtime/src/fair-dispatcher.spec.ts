import { describe, expect, it } from 'vitest';
import { FairDispatcher, type FairDispatcherOptions, type Submission } from './fair-dispatcher.js';

const A: Submission = { caller: 'a' };
const B: Submission = { caller: 'b' };

/** A dispatcher over work that the test finishes, item by item. */
function harness(options: Partial<FairDispatcherOptions> = {}) {
  const begun: string[] = [];
  const running = new Map<string, { finish(): void; fail(error: Error): void; signal: AbortSignal | undefined }>();
  const dispatcher = new FairDispatcher<string, string>(
    (item, signal) =>
      new Promise((resolve, reject) => {
        begun.push(item);
        running.set(item, { finish: () => resolve(`${item}!`), fail: reject, signal });
      }),
    { maxRunning: 2, maxQueue: 100, ...options },
  );
  const finish = async (item: string) => {
    running.get(item)!.finish();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { dispatcher, begun, running, finish };
}

const settle = (promises: Promise<string>[]) => Promise.allSettled(promises);

describe('FairDispatcher', () => {
  it('begins at once what there is room for, and the next whenever one is done', async () => {
    const { dispatcher, begun, finish } = harness();
    const results = dispatcher.submit(['1', '2', '3', '4'], A);
    expect(begun).toEqual(['1', '2']);
    expect([dispatcher.runningItems, dispatcher.waitingItems]).toEqual([2, 2]);
    await finish('2');
    expect(begun).toEqual(['1', '2', '3']);
    for (const item of ['3', '1', '4']) await finish(item);
    expect(await Promise.all(results)).toEqual(['1!', '2!', '3!', '4!']);
    expect([dispatcher.runningItems, dispatcher.waitingItems]).toEqual([0, 0]);
  });

  it('serves callers in turn: a small call is not behind all of a large one', async () => {
    const { dispatcher, begun, finish } = harness({ maxRunning: 1 });
    void dispatcher.submit(['a1', 'a2', 'a3', 'a4'], A);
    void dispatcher.submit(['b1', 'b2'], B);
    for (const item of ['a1', 'a2', 'b1', 'a3', 'b2']) await finish(item);
    expect(begun).toEqual(['a1', 'a2', 'b1', 'a3', 'b2', 'a4']);
  });

  it('fails one item alone', async () => {
    const { dispatcher, running, finish } = harness();
    const results = settle(dispatcher.submit(['1', '2', '3'], A));
    running.get('1')!.fail(new Error('broken'));
    await finish('2');
    await finish('3');
    expect(await results).toMatchObject([
      { reason: { code: 'internal', message: 'broken' } },
      { value: '2!' },
      { value: '3!' },
    ]);
  });

  it('takes all items of a call or none', async () => {
    const { dispatcher, begun } = harness({ maxRunning: 1, maxQueue: 2 });
    void dispatcher.submit(['1', '2'], A);
    expect(() => dispatcher.submit(['3', '4'], B)).toThrow(expect.objectContaining({ code: 'captioner_overloaded' }));
    void dispatcher.submit(['3'], B);
    expect([begun, dispatcher.waitingItems]).toEqual([['1'], 2]);
  });

  it('does not begin what nobody waits for any more, and tells who works on the rest', async () => {
    const { dispatcher, begun, running, finish } = harness({ maxRunning: 1 });
    const abort = new AbortController();
    const results = settle(dispatcher.submit(['1', '2'], { ...A, signal: abort.signal }));
    const others = dispatcher.submit(['3'], B);
    abort.abort();
    expect(running.get('1')!.signal?.aborted).toBe(true);
    await finish('1');
    expect(begun).toEqual(['1', '3']);
    await finish('3');
    expect(await results).toMatchObject([{ value: '1!' }, { reason: { code: 'deadline_exceeded' } }]);
    expect(await Promise.all(others)).toEqual(['3!']);
  });

  it('does not begin what came too late', async () => {
    const { dispatcher, begun, finish } = harness({ maxRunning: 1 });
    void dispatcher.submit(['1'], A);
    const late = settle(dispatcher.submit(['2'], { ...B, deadline: Date.now() - 1 }));
    await finish('1');
    expect(await late).toMatchObject([{ reason: { code: 'deadline_exceeded' } }]);
    expect(begun).toEqual(['1']);
  });
});
