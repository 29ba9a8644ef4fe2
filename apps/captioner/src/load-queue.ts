import { DomainError } from '@housestyle/domain';

interface Waiter<Base> {
  readonly items: number;
  admit(base: Base): void;
  fail(error: DomainError): void;
}

export interface WaitLimits {
  /** epoch milliseconds; Infinity for none. */
  readonly deadline: number;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

/** Who waits for one base to be loaded, none for longer than it may. */
export class LoadQueue<Base> {
  private readonly waiters = new Set<Waiter<Base>>();

  get items(): number {
    return [...this.waiters].reduce((sum, { items }) => sum + items, 0);
  }

  /** @throws DomainError `deadline_exceeded`, or what `onTimeout` makes */
  add(items: number, { deadline, signal, timeoutMs }: WaitLimits, onTimeout: () => DomainError): Promise<Base> {
    return new Promise((resolve, reject) => {
      const msLeft = deadline - Date.now();
      const timer = setTimeout(
        () => waiter.fail(msLeft < timeoutMs ? ended() : onTimeout()),
        Math.max(0, Math.min(timeoutMs, msLeft)),
      );
      const onAbort = (): void => waiter.fail(ended());
      const leave = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        this.waiters.delete(waiter);
      };
      const waiter: Waiter<Base> = {
        items,
        admit: (base) => {
          leave();
          resolve(base);
        },
        fail: (error) => {
          leave();
          reject(error);
        },
      };
      this.waiters.add(waiter);
      signal.addEventListener('abort', onAbort, { once: true });
      if (signal.aborted) onAbort();
    });
  }

  /** @returns how many came in */
  admitAll(base: Base): number {
    const all = [...this.waiters];
    for (const waiter of all) waiter.admit(base);
    return all.length;
  }

  failAll(error: DomainError): void {
    for (const waiter of [...this.waiters]) waiter.fail(error);
  }
}

const ended = (): DomainError =>
  new DomainError('deadline_exceeded', 'the call ended before its base model was loaded');
