/**
 * Repeatable random numbers: the mulberry32 generator (Tommy Ettinger, public domain), 2³² long. Streams of different
 * purposes are told apart by `Random.of(seed, …)`, so that a run can be taken up at any step without its history.
 */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** The stream of a seed and of what it is for: an epoch, a step, a part. */
  static of(seed: number, ...purposes: readonly number[]): Random {
    const mixed = purposes.reduce(
      (state, purpose) => new Random((state ^ Math.imul(purpose + 1, 0x9e3779b1)) >>> 0).word(),
      new Random(seed).word(),
    );
    return new Random(mixed);
  }

  /** 32 random bits, unsigned. */
  word(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** In [0, 1). */
  uniform(): number {
    return this.word() / 2 ** 32;
  }

  /** Of mean 0 and deviation 1 (Box–Muller). */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }

  /** One of the elements. */
  pick<T>(elements: readonly T[]): T {
    return elements[Math.floor(this.uniform() * elements.length)]!;
  }

  /** A new array of the same elements in random order (Fisher–Yates). */
  shuffled<T>(elements: readonly T[]): T[] {
    const result = [...elements];
    for (let last = result.length - 1; last > 0; last--) {
      const other = Math.floor(this.uniform() * (last + 1));
      [result[last], result[other]] = [result[other]!, result[last]!];
    }
    return result;
  }
}
