import { landed, terminal, type Tables } from './account.js';

/** Where work is waited for. */
export interface Drainable {
  readonly database: Tables;
  /** messages that the consumer group has not committed */
  lag(): Promise<number>;
}

/** Waits until nothing is left to do, or nothing moves any more. @returns the consumer group's lag */
export async function drain(site: Drainable, quietMs: number): Promise<number> {
  let last = '';
  let lastChange = Date.now();
  for (;;) {
    const lag = await site.lag();
    const [row] = await site.database.query<{ waiting: number }>(
      'SELECT count(*)::int AS waiting FROM outbox WHERE published_at IS NULL',
    );
    const [rows, done] = [await landed(site), await terminal(site)];
    if (lag === 0 && rows === done && row!.waiting === 0) return 0;
    const now = [lag, rows, done, row!.waiting].join();
    if (now !== last) [last, lastChange] = [now, Date.now()];
    if (Date.now() - lastChange > quietMs) return lag;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
