import { Injectable } from '@nestjs/common';
import type { ThrottlerStorage } from '@nestjs/throttler';

interface Bucket {
  readonly limit: number;
  tokens: number;
  filledAt: number;
}

type Record = Awaited<ReturnType<ThrottlerStorage['increment']>>;

const MAX_IDLE_BUCKETS = 10_000;

/**
 * Counts requests in this process: a bucket for each key, as large as its limit, refilled evenly over the time the limit
 * is for. A burst up to the limit passes at once; whoever asks more waits a moment, not until a window ends. One bucket is
 * two numbers, however high its limit.
 */
@Injectable()
export class TokenBuckets implements ThrottlerStorage {
  private readonly buckets = new Map<string, Bucket>();

  constructor(private readonly now: () => number = () => performance.now()) {}

  async increment(key: string, ttlMs: number, limit: number): Promise<Record> {
    const perMs = limit / ttlMs;
    const now = this.now();
    const known = this.buckets.get(key);
    // a limit that has changed begins anew
    const bucket = known?.limit === limit ? known : { limit, tokens: limit, filledAt: now };
    bucket.tokens = Math.min(limit, bucket.tokens + (now - bucket.filledAt) * perMs);
    bucket.filledAt = now;
    const isBlocked = bucket.tokens < 1;
    if (!isBlocked) bucket.tokens -= 1;
    // the one that asked last is the last in the map
    this.buckets.delete(key);
    this.buckets.set(key, bucket);
    if (this.buckets.size > MAX_IDLE_BUCKETS) this.forgetFull(now, ttlMs);
    return {
      totalHits: Math.ceil(limit - bucket.tokens),
      timeToExpire: toSeconds((limit - bucket.tokens) / perMs),
      isBlocked,
      timeToBlockExpire: isBlocked ? toSeconds((1 - bucket.tokens) / perMs) : 0,
    };
  }

  /** Those that have not asked for so long are full again: a new one is no different. */
  private forgetFull(now: number, ttlMs: number): void {
    for (const [key, { filledAt }] of this.buckets) {
      if (now - filledAt < ttlMs) return;
      this.buckets.delete(key);
    }
  }
}

const toSeconds = (ms: number): number => Math.max(1, Math.ceil(ms / 1000));
