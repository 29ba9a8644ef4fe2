/** Beside the time that work on its way may take: for giving leases back and closing connections. */
const GRACE_MS = 4_000;

/** Ends the process once, after it has given back what it holds, and in any case after a bounded time. */
export class Ending {
  private isBegun = false;
  /** Finishes work on its way within `timeoutMs` and gives the rest back. */
  stop: (timeoutMs: number) => Promise<void> = () => Promise.resolve();

  constructor(private readonly exit: (code: number) => void) {}

  /**
   * Only the first call counts.
   * @param code the exit code when stopping succeeds; else it is 1
   * @param timeoutMs for work on its way
   */
  begin(code: number, timeoutMs: number, graceMs = GRACE_MS): void {
    if (this.isBegun) return;
    this.isBegun = true;
    let isEnded = false;
    const end = (exitCode: number): void => {
      if (!isEnded) this.exit(exitCode);
      isEnded = true;
    };
    setTimeout(() => end(1), timeoutMs + graceMs);
    this.stop(timeoutMs).then(
      () => end(code),
      () => end(1),
    );
  }
}
