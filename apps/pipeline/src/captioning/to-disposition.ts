import { backoffMs, MAX_ATTEMPTS, type DomainError, type ErrorCode } from '@housestyle/domain';

/** What becomes of an asset whose attempt failed. */
export type Disposition =
  | { readonly kind: 'fail'; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: 'retry'; readonly code: ErrorCode; readonly message: string; readonly nextAttemptAt: Date };

/**
 * The message is for the tenant: an unexpected error's own may name tables, hosts or files of ours, so that its title
 * stands for it.
 * @param attempts this one included
 */
export function toDisposition(error: DomainError, attempts: number, now = Date.now()): Disposition {
  const { code } = error;
  const message = code === 'internal' ? error.title : error.message;
  if (error.disposition === 'permanent') return { kind: 'fail', code, message };
  if (attempts >= MAX_ATTEMPTS) return { kind: 'fail', code: 'attempts_exhausted', message: `${code}: ${message}` };
  return { kind: 'retry', code, message, nextAttemptAt: new Date(now + backoffMs(attempts)) };
}
