import { describe, expect, it } from 'vitest';
import { TokenBuckets } from './token-buckets.js';

const MINUTE_MS = 60_000;

function bucketsAt() {
  const clock = { ms: 0 };
  const buckets = new TokenBuckets(() => clock.ms);
  const take = async (key: string, limit: number, times: number) => {
    const answers = [];
    for (let n = 0; n < times; n++) answers.push(await buckets.increment(key, MINUTE_MS, limit));
    return { passed: answers.filter(({ isBlocked }) => !isBlocked).length, last: answers.at(-1)! };
  };
  return { clock, take };
}

describe('TokenBuckets', () => {
  it('let a burst up to the limit pass, then what a minute’s share allows', async () => {
    const { clock, take } = bucketsAt();
    expect((await take('a', 60, 100)).passed).toBe(60);
    expect((await take('a', 60, 1)).last.timeToBlockExpire).toBe(1);
    clock.ms += 1_000;
    expect((await take('a', 60, 5)).passed).toBe(1);
    clock.ms += 10 * MINUTE_MS;
    expect((await take('a', 60, 100)).passed).toBe(60);
  });

  it('say when the next will pass, in whole seconds', async () => {
    const { take } = bucketsAt();
    await take('a', 2, 2);
    expect((await take('a', 2, 1)).last.timeToBlockExpire).toBe(30);
  });

  it('count each key by itself, and begin anew when its limit changes', async () => {
    const { take } = bucketsAt();
    await take('a', 10, 20);
    expect((await take('b', 10, 20)).passed).toBe(10);
    expect((await take('a', 15, 20)).passed).toBe(15);
    expect((await take('a', 3, 20)).passed).toBe(3);
  });
});
