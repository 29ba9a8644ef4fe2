import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PollingLoop } from './polling-loop.js';

const BACKOFF = { firstBackoffMs: 100, maxBackoffMs: 500 };

/** A started loop whose rounds do as `round` says; when each began, in ms, and which failures it reported. */
function started(round: (index: number) => number | Promise<number>) {
  const begin = performance.now();
  const rounds: number[] = [];
  const failures: number[] = [];
  const loop = new PollingLoop(
    async () => {
      rounds.push(Math.round(performance.now() - begin));
      return round(rounds.length - 1);
    },
    { ...BACKOFF, onFailure: (_error, count) => void failures.push(count) },
  );
  loop.start();
  return { loop, rounds, failures };
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

const broken = (): never => {
  throw new Error('broken');
};

describe('PollingLoop', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('pauses as long as a round says, and not at all after one that says 0', async () => {
    const { loop, rounds } = started((index) => [0, 0, 300, 200][index] ?? 1_000);
    await pass(600);
    expect(rounds).toEqual([0, 0, 0, 300, 500]);
    await loop.stop();
  });

  it('cuts a pause short when it is woken', async () => {
    const { loop, rounds } = started(() => 1_000);
    await pass(400);
    loop.wake();
    await pass(1);
    expect(rounds).toEqual([0, 400]);
    await loop.stop();
  });

  it('leaves out the pause after a round during which it was woken', async () => {
    let end: (pauseMs: number) => void = () => {};
    const { loop, rounds } = started((index) => (index === 0 ? new Promise((resolve) => (end = resolve)) : 1_000));
    await pass(50);
    loop.wake();
    end(1_000);
    await pass(1);
    expect(rounds).toEqual([0, 50]);
    await loop.stop();
  });

  it('backs off for twice as long after each failure in a row, up to its bound', async () => {
    const { loop, rounds, failures } = started((index) => (index === 5 ? 50 : broken()));
    await pass(2_050);
    expect(rounds).toEqual([0, 100, 300, 700, 1_200, 1_700, 1_750, 1_850, 2_050]);
    expect(failures).toEqual([1, 2, 3, 4, 5, 1, 2, 3]);
    await loop.stop();
  });

  it('does not let itself be hurried by wake-ups while it backs off, whether before or after the failure', async () => {
    const { loop, rounds } = started(() => {
      loop.wake();
      return broken();
    });
    for (let index = 0; index < 100; index++) {
      await pass(7);
      loop.wake();
    }
    expect(rounds).toEqual([0, 100, 300, 700]);
    await loop.stop();
  });

  it('tries again at once when it hears that what was broken is mended, and backs off anew if it is not', async () => {
    const { loop, rounds } = started(broken);
    await pass(350);
    loop.retry();
    await pass(1);
    expect(rounds).toEqual([0, 100, 300, 350]);
    await pass(600);
    expect(rounds).toEqual([0, 100, 300, 350, 850]);
    await loop.stop();
  });

  it.each([
    ['a pause', () => 10_000],
    ['a back-off', broken],
  ])('ends %s at once when it is stopped, and begins no further round', async (_what, round) => {
    const { loop, rounds } = started(round);
    await pass(10);
    expect(loop.isStopping).toBe(false);
    const stopping = loop.stop();
    expect(loop.isStopping).toBe(true);
    await stopping;
    loop.wake();
    loop.start();
    await pass(20_000);
    expect(rounds).toEqual([0]);
  });

  it.each([
    ['done', () => 10_000],
    ['failed', broken],
  ])('waits, when it is stopped, for the round under way until it is %s', async (_how, outcome) => {
    let end: () => void = () => {};
    const { loop, rounds } = started(() => new Promise<void>((resolve) => (end = resolve)).then(outcome));
    await pass(10);
    let hasStopped = false;
    const stopping = loop.stop().then(() => (hasStopped = true));
    await pass(20_000);
    expect(hasStopped).toBe(false);
    end();
    await stopping;
    expect(rounds).toEqual([0]);
  });

  it('does nothing when it is started after it was stopped', async () => {
    const round = vi.fn();
    const loop = new PollingLoop(round, { ...BACKOFF, onFailure: broken });
    await loop.stop();
    loop.start();
    await pass(1_000);
    expect(round).not.toHaveBeenCalled();
  });
});
