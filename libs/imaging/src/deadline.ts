import { DomainError } from '@housestyle/domain';

/**
 * Runs `work` under one time limit and the caller's own signal. The signal given to `work` aborts with the DomainError
 * to report (`source_timeout`, or `deadline_exceeded` when the caller gave up), and the promise rejects at that moment
 * even if `work` sits in a call that cannot be interrupted, such as a name look-up.
 */
export async function withDeadline<T>(
  timeoutMs: number,
  callerSignal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
  awaited = 'picture',
): Promise<T> {
  const controller = new AbortController();
  const giveUp = (): void =>
    controller.abort(new DomainError('deadline_exceeded', `The caller gave up on the ${awaited}`));
  const timer = setTimeout(() => {
    controller.abort(new DomainError('source_timeout', `The ${awaited} did not arrive within ${timeoutMs} ms`));
  }, timeoutMs);
  callerSignal?.addEventListener('abort', giveUp, { once: true });
  if (callerSignal?.aborted === true) giveUp();
  const { signal } = controller;
  try {
    signal.throwIfAborted();
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as DomainError), { once: true });
    });
    return await Promise.race([work(signal), aborted]);
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    clearTimeout(timer);
    callerSignal?.removeEventListener('abort', giveUp);
  }
}
