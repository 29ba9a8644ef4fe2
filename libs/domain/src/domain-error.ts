import { ERROR_CODES, type ErrorCode, type ErrorDisposition } from './error-codes.js';

/** The one error type of the product: a stable code, a message for a person, and what to do about it. */
export class DomainError extends Error {
  override readonly name = 'DomainError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  get disposition(): ErrorDisposition {
    return ERROR_CODES[this.code].disposition;
  }

  get title(): string {
    return ERROR_CODES[this.code].title;
  }
}

/** Refused for now: the same would pass later. */
export class LimitError extends DomainError {
  constructor(
    code: 'rate_limited' | 'quota_exceeded',
    message: string,
    readonly retryAfterSeconds: number,
  ) {
    super(code, message);
  }
}

/** Anything thrown, as a DomainError: unknown errors become `internal`, with the original as cause. */
export function toDomainError(thrown: unknown): DomainError {
  if (thrown instanceof DomainError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new DomainError('internal', message, { cause: thrown });
}
