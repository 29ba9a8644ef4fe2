/** What a healthy consumer keeps doing: telling the broker that it lives, and fetching or handling. */
export type SignOfLife = 'heartbeat' | 'progress';

export interface WatchdogLimits {
  /** ms without a heartbeat */
  readonly heartbeatTimeoutMs: number;
  /** ms without a fetch or an attempt to handle what was fetched */
  readonly progressTimeoutMs: number;
  /** ms without either while the group is being joined: the broker answers when all members have */
  readonly joinTimeoutMs: number;
  /** ms between two looks */
  readonly checkEveryMs: number;
}

export interface WatchdogCalls {
  /** Whether the broker answers somebody else: one that is away makes every consumer silent. */
  readonly isBrokerAnswering: () => Promise<boolean>;
  /** Called once, and nothing after it. */
  readonly onSilence: (error: Error) => void;
}

/** of a limit, from which on the broker is asked at each look, so that one that is away does not go unnoticed */
const SUSPICIOUS_SHARE = 0.5;

/**
 * Notices a consumer that hangs without an error (tulios/kafkajs#659): its process must end, so that its partitions
 * go to one that works. Both signs are needed: heartbeats can go on while nothing is fetched, and the other way round.
 * Neither a broker that is away nor a sleep of this very process (SIGSTOP, a suspended machine) counts as silence: a
 * client that has waited for its broker pauses between attempts, and has the whole of its limits to come back.
 */
export class ConsumerWatchdog {
  private readonly silentMs: Record<SignOfLife, number> = { heartbeat: 0, progress: 0 };
  private lastSeenAt: Record<SignOfLife, number> = { heartbeat: 0, progress: 0 };
  private lastCheckAt = 0;
  private isJoining = false;
  private isAsking = false;
  private isBrokerAway = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly limits: WatchdogLimits,
    private readonly calls: WatchdogCalls,
    private readonly now: () => number = () => performance.now(),
  ) {}

  start(): void {
    this.saw('heartbeat', 'progress');
    this.lastCheckAt = this.now();
    this.timer = setInterval(() => void this.check(), this.limits.checkEveryMs);
  }

  saw(...signs: readonly SignOfLife[]): void {
    for (const sign of signs) {
      this.silentMs[sign] = 0;
      this.lastSeenAt[sign] = this.now();
    }
  }

  /** Until `joined` nothing can be fetched. */
  joining(): void {
    this.isJoining = true;
    this.saw('heartbeat', 'progress');
  }

  joined(): void {
    this.isJoining = false;
    this.saw('heartbeat', 'progress');
  }

  /** ms since the broker last heard of this consumer */
  get heartbeatAgeMs(): number {
    return this.now() - this.lastSeenAt.heartbeat;
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  async check(): Promise<void> {
    this.countSilence();
    const isSuspicious = this.isBrokerAway || this.complaint(SUSPICIOUS_SHARE) !== undefined;
    if (!isSuspicious || this.isAsking) return;
    this.isAsking = true;
    const isAnswering = await this.calls.isBrokerAnswering();
    this.isAsking = false;
    if (!this.timer) return;
    const isBack = isAnswering && this.isBrokerAway;
    this.isBrokerAway = !isAnswering;
    if (!isAnswering || isBack) return this.saw('heartbeat', 'progress');
    const complaint = this.complaint();
    if (complaint === undefined) return;
    this.stop();
    this.calls.onSilence(new Error(complaint));
  }

  /** A look that comes late tells of this process having slept, which is no fault of the consumer's. */
  private countSilence(): void {
    const elapsedMs = Math.min(this.now() - this.lastCheckAt, 2 * this.limits.checkEveryMs);
    this.lastCheckAt = this.now();
    for (const sign of ['heartbeat', 'progress'] as const) {
      this.silentMs[sign] += Math.min(elapsedMs, this.now() - this.lastSeenAt[sign]);
    }
  }

  private complaint(share = 1): string | undefined {
    const { heartbeatTimeoutMs, progressTimeoutMs, joinTimeoutMs } = this.limits;
    const limitsMs = this.isJoining
      ? { heartbeat: joinTimeoutMs, progress: joinTimeoutMs }
      : { heartbeat: heartbeatTimeoutMs, progress: progressTimeoutMs };
    const sign = (['heartbeat', 'progress'] as const).find((each) => this.silentMs[each] > share * limitsMs[each]);
    return sign && `the Kafka consumer has shown no ${sign} for ${Math.round(this.silentMs[sign])} ms`;
  }
}
