/** What a healthy consumer keeps doing: telling the broker that it lives, and fetching or handling. */
export type SignOfLife = 'heartbeat' | 'progress';

export interface WatchdogLimits {
  /** ms without a heartbeat; longer than a rebalance may take */
  readonly heartbeatTimeoutMs: number;
  /** ms without a fetch or an attempt to handle what was fetched */
  readonly progressTimeoutMs: number;
}

/**
 * Notices a consumer that hangs without an error (tulios/kafkajs#659): its process must end, so that its partitions
 * go to one that works. Both signs are needed: heartbeats can go on while nothing is fetched, and the other way round.
 */
export class ConsumerWatchdog {
  private readonly lastSeen: Record<SignOfLife, number> = { heartbeat: 0, progress: 0 };
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly limits: WatchdogLimits,
    private readonly onSilence: (error: Error) => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  start(): void {
    this.saw('heartbeat', 'progress');
    const everyMs = Math.min(this.limits.heartbeatTimeoutMs, this.limits.progressTimeoutMs) / 4;
    this.timer = setInterval(() => this.check(), everyMs);
  }

  saw(...signs: readonly SignOfLife[]): void {
    for (const sign of signs) this.lastSeen[sign] = this.now();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  check(): void {
    const limitsMs = { heartbeat: this.limits.heartbeatTimeoutMs, progress: this.limits.progressTimeoutMs };
    for (const sign of ['heartbeat', 'progress'] as const) {
      const silentMs = this.now() - this.lastSeen[sign];
      if (silentMs > limitsMs[sign]) {
        this.stop();
        this.onSilence(new Error(`the Kafka consumer has shown no ${sign} for ${Math.round(silentMs)} ms`));
        return;
      }
    }
  }
}
