/** At most `limit` pieces of work at once; the others wait in the order they came. */
export class ConcurrencyLimit {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly limit: number) {}

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.running >= this.limit) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.running += 1;
    try {
      return await work();
    } finally {
      // the place is handed on, not given up: nobody who came later can slip in between
      const next = this.waiting.shift();
      if (next) next();
      else this.running -= 1;
    }
  }
}
