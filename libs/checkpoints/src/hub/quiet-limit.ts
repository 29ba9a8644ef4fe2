import { DomainError } from '@housestyle/domain';

/** A failure that may be over in a moment. */
export class PassingFailure extends DomainError {
  constructor(
    code: 'source_unavailable' | 'source_timeout',
    message: string,
    /** how long the server asked to be left alone. */
    readonly retryAfterMs?: number,
    options?: ErrorOptions,
  ) {
    super(code, message, options);
  }
}

/** Ends an exchange in which nothing has come for too long. */
export class QuietLimit {
  private readonly controller = new AbortController();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly host: string,
    private readonly timeoutMs: number,
  ) {
    this.expect();
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Something is to come, from now on. */
  expect(): void {
    this.pause();
    this.timer = setTimeout(() => this.controller.abort(), this.timeoutMs);
  }

  /** It is not the server that is waited for. */
  pause(): void {
    clearTimeout(this.timer);
  }

  /** Ends the exchange, if it has not ended. */
  close(): void {
    this.pause();
    this.controller.abort();
  }

  /** What it means that the exchange threw `error`. */
  explain(error: unknown): unknown {
    const isQuiet = this.signal.aborted;
    this.pause();
    if (error instanceof DomainError) return error;
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    return isQuiet
      ? new PassingFailure('source_timeout', `${this.host} sent nothing for ${this.timeoutMs / 1000} s`)
      : new PassingFailure('source_unavailable', `${this.host}: ${cause}`, undefined, { cause: error });
  }
}
