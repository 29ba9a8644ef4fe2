const MIN_PAUSE_MS = 500;
const MAX_PAUSE_MS = 10_000;

interface BaseState {
  calls: number;
  /** calls that failed for the base's sake since the last that did not. */
  failures: number;
  successes: number;
  /** of `performance.now`. */
  pausedUntil: number;
}

/**
 * Which base models may be asked for captions now. One that is not loaded, or is overloaded, pauses, and then has one
 * call at a time until that succeeds; and no base has every call, so that one that is slow leaves room for the others.
 */
export class BaseTurns {
  private readonly bases = new Map<string, BaseState>();

  constructor(private readonly maxCalls: number) {}

  /** Whether its next call may go; when not for its pause, a call's end will change that. */
  mayCall(base: string): boolean {
    const { calls, pausedUntil } = this.of(base);
    return calls < this.limitOf(base) && pausedUntil <= performance.now();
  }

  /** of `performance.now`; in the past when it does not pause. */
  pausedUntil(base: string): number {
    return this.of(base).pausedUntil;
  }

  begin(base: string): void {
    this.of(base).calls++;
  }

  end(base: string): void {
    this.of(base).calls--;
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
    return this.bases.size > 1 ? Math.max(1, this.maxCalls - 1) : this.maxCalls;
  }

  private of(base: string): BaseState {
    const known = this.bases.get(base);
    if (known) return known;
    const state = { calls: 0, failures: 0, successes: 0, pausedUntil: 0 };
    this.bases.set(base, state);
    return state;
  }
}
