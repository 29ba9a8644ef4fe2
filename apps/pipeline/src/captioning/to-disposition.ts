import { backoffMs, MAX_ATTEMPTS, type DomainError, type ErrorCode } from '@housestyle/domain';

/** What becomes of an asset whose attempt failed. */
export type Disposition =
  | { readonly kind: 'fail'; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: 'retry'; readonly code: ErrorCode; readonly message: string; readonly nextAttemptAt: Date };

/**
 * How long a picture's own server is waited for: the pauses between attempts, in ms. A tenant hears within a minute what
 * its picture failed of, and a redrive is there for servers that come back later. A server that is silent costs a place
 * for the whole time limit of a fetch, so it is asked once more only.
 */
const PATIENCE_MS: Partial<Record<ErrorCode, readonly number[]>> = {
  source_timeout: [5_000],
  source_unavailable: [5_000, 30_000],
};

/**
 * The message is for the tenant: an unexpected error's own may name tables, hosts or files of ours, so that its title
 * stands for it.
 * @param attempts this one included
 */
export function toDisposition(error: DomainError, attempts: number, now = Date.now()): Disposition {
  const { code } = error;
  const message = code === 'internal' ? error.title : error.message;
  if (error.disposition === 'permanent') return { kind: 'fail', code, message };
  const pauses = PATIENCE_MS[code];
  if (attempts > (pauses?.length ?? MAX_ATTEMPTS - 1)) {
    return { kind: 'fail', code: 'attempts_exhausted', message: `${code}: ${message}` };
  }
  const pauseMs = pauses ? withJitter(pauses[attempts - 1]!) : backoffMs(attempts);
  return { kind: 'retry', code, message, nextAttemptAt: new Date(now + pauseMs) };
}

/** ± 20 %, so that what failed together does not come back together. */
const withJitter = (ms: number): number => Math.round(ms * (0.8 + 0.4 * Math.random()));
