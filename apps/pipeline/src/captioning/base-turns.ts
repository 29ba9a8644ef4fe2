import { CallPace } from './call-pace.js';
import type { CaptionStageOptions } from './caption-stage.js';

const MIN_PAUSE_MS = 500;
const MAX_PAUSE_MS = 10_000;

/** Of a full call: less room than that is left alone while others are under way, for calls of a picture or two cost more. */
const WORTHWHILE = 1 / 4;

interface BaseState {
  calls: number;
  /** in these calls. */
  pictures: number;
  readonly pace: CallPace;
  /** calls that failed for the base's sake since the last that did not. */
  failures: number;
  successes: number;
  /** of `performance.now`. */
  pausedUntil: number;
}

/**
 * Which base models may be asked for captions now, and for how many. One that is not loaded, or is overloaded, pauses, and
 * then has one call at a time until that succeeds; no base has every call, so that one that is slow leaves room for the
 * others; and none has more pictures than it answers within a call's deadline.
 */
export class BaseTurns {
  private readonly bases = new Map<string, BaseState>();

  /** @param limits pictures in a call, calls at once, and a call's deadline */
  constructor(private readonly limits: Pick<CaptionStageOptions, 'maxBatch' | 'maxCalls' | 'deadlineMs'>) {}

  /** Pictures that its next call may have now. When there are none, but for its pause, a call's end will change that. */
  room(base: string): number {
    const { calls, pictures, pausedUntil, pace } = this.of(base);
    if (calls >= this.limitOf(base) || pausedUntil > performance.now()) return 0;
    const { maxBatch } = this.limits;
    const room = Math.min(maxBatch, pace.most - pictures);
    return pictures === 0 || room >= WORTHWHILE * maxBatch ? room : 0;
  }

  /** of `performance.now`; in the past when it does not pause. */
  pausedUntil(base: string): number {
    return this.of(base).pausedUntil;
  }

  /** @returns pictures that are under way now, this call's among them */
  begin(base: string, pictures: number): number {
    const state = this.of(base);
    state.calls += 1;
    state.pictures += pictures;
    return state.pictures;
  }

  end(base: string, pictures: number): void {
    const state = this.of(base);
    state.calls -= 1;
    state.pictures -= pictures;
  }

  /** A call was answered, or given up, after so long; `underWay` as `begin` told. */
  took(base: string, ms: number, underWay: number): void {
    this.of(base).pace.note(ms, underWay);
  }

  succeed(base: string): void {
    const state = this.of(base);
    state.successes++;
    state.failures = 0;
  }

  /** Its fault, nobody else's. */
  fail(base: string): void {
    const state = this.of(base);
    const pauseMs = Math.min(MIN_PAUSE_MS * 2 ** state.failures++, MAX_PAUSE_MS);
    state.pausedUntil = performance.now() + pauseMs;
  }

  successes(base: string): number {
    return this.of(base).successes;
  }

  private limitOf(base: string): number {
    const { failures, successes } = this.of(base);
    if (failures > 0 || successes === 0) return 1;
    const { maxCalls } = this.limits;
    return this.bases.size > 1 ? Math.max(1, maxCalls - 1) : maxCalls;
  }

  private of(base: string): BaseState {
    const known = this.bases.get(base);
    if (known) return known;
    const pace = new CallPace(this.limits.deadlineMs);
    const state = { calls: 0, pictures: 0, pace, failures: 0, successes: 0, pausedUntil: 0 };
    this.bases.set(base, state);
    return state;
  }
}
