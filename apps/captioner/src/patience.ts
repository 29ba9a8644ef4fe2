import type { DomainError } from '@housestyle/domain';

/** Waits for work that may never end: it is lost when `renew` has not been called for `timeoutMs`. */
export class Patience {
  private readonly controller = new AbortController();
  private readonly lost: Promise<never>;
  private timer: NodeJS.Timeout | undefined;
  private lose!: () => void;

  constructor(
    private readonly timeoutMs: number,
    reason: () => DomainError,
  ) {
    this.lost = new Promise((_, reject) => {
      this.lose = () => {
        reject(reason());
        this.controller.abort();
      };
    });
    this.lost.catch(() => undefined);
    this.renew();
  }

  /** aborted when patience is lost. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  renew(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(this.lose, this.timeoutMs);
  }

  /** Work's result, or the reason when patience is lost first. */
  over<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.lost]);
  }

  end(): void {
    clearTimeout(this.timer);
  }
}
