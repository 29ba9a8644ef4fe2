import type { WatchdogLimits } from './consumer-watchdog.js';

/** How long a consumer may take for what. */
export interface ConsumerTiming {
  /** the broker gives away the partitions of a member it has not heard of for so long */
  readonly sessionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  /** and those of a member that does not come back for so long when the group is formed anew */
  readonly rebalanceTimeoutMs: number;
  readonly watchdog: WatchdogLimits;
}

export const SESSION_TIMEOUT_MS = 60_000;

/**
 * Everything follows from the session timeout. A silent consumer is noticed at the latest 1.7 session timeouts and one
 * look after its last sign, which leaves a fifth of one (12 s of 60) for its process to give back what it holds: it is
 * gone within two. While a group forms, members wait for the slowest; 1.7 is more than any handler here takes.
 */
export function consumerTiming(sessionTimeoutMs: number = SESSION_TIMEOUT_MS): ConsumerTiming {
  return {
    sessionTimeoutMs,
    heartbeatIntervalMs: sessionTimeoutMs / 20,
    rebalanceTimeoutMs: 2 * sessionTimeoutMs,
    watchdog: {
      heartbeatTimeoutMs: 1.5 * sessionTimeoutMs,
      progressTimeoutMs: 1.5 * sessionTimeoutMs,
      joinTimeoutMs: 1.7 * sessionTimeoutMs,
      checkEveryMs: sessionTimeoutMs / 12,
    },
  };
}
