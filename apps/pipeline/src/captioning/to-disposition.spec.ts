import { DomainError, MAX_ATTEMPTS, toDomainError } from '@housestyle/domain';
import { describe, expect, it } from 'vitest';
import { toDisposition } from './to-disposition.js';

const NOW = Date.UTC(2026, 0, 1);

describe('toDisposition', () => {
  it('gives up at once on what can never pass', () => {
    const error = new DomainError('corrupt_image', 'the JPEG ends early');
    expect(toDisposition(error, 1, NOW)).toEqual({
      kind: 'fail',
      code: 'corrupt_image',
      message: 'the JPEG ends early',
    });
  });

  it('tries again later what may pass, ever later', () => {
    const error = new DomainError('store_unavailable', 'no answer within 15 s');
    const pauses = Array.from({ length: MAX_ATTEMPTS - 1 }, (_, index) => {
      const disposition = toDisposition(error, index + 1, NOW);
      if (disposition.kind !== 'retry') throw new Error(`attempt ${index + 1} is the last`);
      expect(disposition).toMatchObject({ code: 'store_unavailable', message: 'no answer within 15 s' });
      return disposition.nextAttemptAt.getTime() - NOW;
    });
    expect(pauses.every((pauseMs) => pauseMs > 0)).toBe(true);
    expect(pauses.at(-1)!).toBeGreaterThanOrEqual(pauses[0]!);
  });

  it('gives up after the last attempt, and says what it failed of', () => {
    const error = new DomainError('source_timeout', 'no answer within 15 s');
    expect(toDisposition(error, MAX_ATTEMPTS, NOW)).toEqual({
      kind: 'fail',
      code: 'attempts_exhausted',
      message: 'source_timeout: no answer within 15 s',
    });
  });

  it.each([
    ['source_timeout', 2, 15_000],
    ['source_unavailable', 3, 1_000],
  ] as const)('ends %s within a minute and three attempts', (code, attempts, attemptMs) => {
    let totalMs = 0;
    for (let attempt = 1; ; attempt++) {
      totalMs += attemptMs;
      const disposition = toDisposition(new DomainError(code, 'away'), attempt, NOW);
      if (disposition.kind === 'retry') totalMs += disposition.nextAttemptAt.getTime() - NOW;
      else {
        expect(attempt).toBe(attempts);
        break;
      }
    }
    expect(totalMs).toBeLessThan(50_000);
  });

  it('keeps the words of an unexpected error from the tenant', () => {
    const error = toDomainError(new Error('password authentication failed for user "housestyle_app" at 10.0.0.7'));
    const message = 'Something unexpected happened';
    expect(toDisposition(error, 1, NOW)).toMatchObject({ kind: 'retry', code: 'internal', message });
    expect(toDisposition(error, MAX_ATTEMPTS, NOW)).toMatchObject({
      kind: 'fail',
      code: 'attempts_exhausted',
      message: `internal: ${message}`,
    });
  });
});
