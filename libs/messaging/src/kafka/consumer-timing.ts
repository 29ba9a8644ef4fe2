import type { WatchdogLimits } from './consumer-watchdog.js';

/** How long a consumer may take for what. */
export interface ConsumerTiming {
  /** the broker gives away the partitions of a member it has not heard of for so long */
  readonly sessionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  /** and those of a member that does not come back for so long when the group is formed anew */
  readonly rebalanceTimeoutMs: number;
  readonly watchdog: WatchdogLimits;
  /** for the group's coordinator to say that it is there; one that takes longer is away */
  readonly askTimeoutMs: number;
  /** for the process of a silent consumer to give back what it holds, before it ends without */
  readonly endingMs: number;
}

export const SESSION_TIMEOUT_MS = 60_000;

/**
 * Everything follows from the session timeout. A silent consumer's process is gone within two: 1 1/2 until it is called
 * silent, 1/24 until somebody looks, 1/4 at most to ask the broker, 1/6 at most to end. While a group forms, members
 * wait for the slowest; one that hangs is waited for until its own session ends.
 */
export function consumerTiming(sessionTimeoutMs: number = SESSION_TIMEOUT_MS): ConsumerTiming {
  return {
    sessionTimeoutMs,
    heartbeatIntervalMs: sessionTimeoutMs / 20,
    rebalanceTimeoutMs: 2 * sessionTimeoutMs,
    watchdog: {
      heartbeatTimeoutMs: 1.5 * sessionTimeoutMs,
      progressTimeoutMs: 1.5 * sessionTimeoutMs,
      joinTimeoutMs: 1.5 * sessionTimeoutMs,
      checkEveryMs: sessionTimeoutMs / 24,
    },
    askTimeoutMs: Math.min(5_000, sessionTimeoutMs / 4),
    endingMs: Math.min(6_000, sessionTimeoutMs / 6),
  };
}
