export interface RetryPolicy {
  /** before the second attempt */
  readonly pauseMs: number;
  readonly maxAttempts: number;
}

const MAX_PAUSE_MS = 12 * 3_600_000;

/** 5 s, 20 s, 80 s … 12 h with the usual first pause, ± 20 %: ten attempts in about two days. Undefined: no more. */
export function retryInMs(
  attempts: number,
  { pauseMs, maxAttempts }: RetryPolicy,
  random: () => number = Math.random,
): number | undefined {
  if (attempts >= maxAttempts) return undefined;
  return Math.round(Math.min(pauseMs * 4 ** (attempts - 1), MAX_PAUSE_MS) * (0.8 + 0.4 * random()));
}
