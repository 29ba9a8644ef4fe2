import { shareOf } from './fair-share.js';

/**
 * At most `limit` pieces of work at once. Those that wait go in turns between the tenants they are for, and in the
 * order they came for one tenant.
 */
export class FairLimit<Key> {
  private running = 0;
  private readonly runningOf = new Map<Key, number>();
  /** never an empty queue; the first key is the next in turn */
  private readonly waiting = new Map<Key, (() => void)[]>();

  /** @param isReserving whether some places are kept from each tenant: for work that may hang */
  constructor(
    private readonly limit: number,
    private readonly isReserving: boolean,
  ) {}

  async run<T>(key: Key, work: () => Promise<T>): Promise<T> {
    await new Promise<void>((resolve) => {
      this.waiting.set(key, [...(this.waiting.get(key) ?? []), resolve]);
      this.admit();
    });
    try {
      return await work();
    } finally {
      this.count(key, -1);
      this.admit();
    }
  }

  private admit(): void {
    for (let key = this.next(); key !== undefined; key = this.next()) {
      const [start, ...rest] = this.waiting.get(key)!;
      this.waiting.delete(key);
      if (rest.length > 0) this.waiting.set(key, rest);
      this.count(key, 1);
      start!();
    }
  }

  private next(): Key | undefined {
    if (this.running >= this.limit) return undefined;
    return [...this.waiting.keys()].find((key) => {
      const own = this.runningOf.get(key) ?? 0;
      return !this.isReserving || own < shareOf(this.limit, this.running - own);
    });
  }

  private count(key: Key, change: 1 | -1): void {
    const count = (this.runningOf.get(key) ?? 0) + change;
    this.running += change;
    if (count > 0) this.runningOf.set(key, count);
    else this.runningOf.delete(key);
  }
}
