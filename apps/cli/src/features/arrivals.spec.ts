import { describe, expect, it } from 'vitest';
import { arrivals } from './arrivals.js';

describe('arrivals', () => {
  it('come as they are ready, all of them, and never more at once than allowed', async () => {
    const release = new Map<number, () => void>();
    let [underWay, most] = [0, 0];
    const work = async (n: number) => {
      most = Math.max(most, ++underWay);
      await new Promise<void>((resolve) => (n % 3 === 0 ? release.set(n, resolve) : setImmediate(resolve)));
      underWay--;
      return n;
    };
    const order: number[] = [];
    for await (const n of arrivals(
      Array.from({ length: 20 }, (_, n) => n),
      work,
      4,
    )) {
      order.push(n);
      // the slow one waits until another three have come
      if (order.length % 3 === 0)
        for (const [key, resolve] of release) {
          resolve();
          release.delete(key);
        }
    }
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n));
    expect(order.slice(0, 2)).toEqual([1, 2]);
    expect(most).toBe(4);
  });

  it('are none of nothing', async () => {
    const all: number[] = [];
    for await (const n of arrivals<number, number>([], async (n) => n, 4)) all.push(n);
    expect(all).toEqual([]);
  });
});
