import { WakeSignal } from './wake-signal.js';

export interface PollingLoopOptions {
  /** after the first failure; twice as long after each further one in a row */
  readonly firstBackoffMs: number;
  readonly maxBackoffMs: number;
  /** A round rejected; `failures` in a row did, this one included. Must not throw. */
  readonly onFailure: (error: unknown, failures: number) => void;
}

/**
 * Does rounds of work, one after the other, until it is stopped. A round says for how many milliseconds there is
 * probably nothing to do (0: go on at once); a wake-up, which may come during the round already, says that there is
 * something after all, and cuts that pause short. Not so the pause after a round that rejected: what is broken is not
 * mended by more work for it, so it is tried as seldom while everybody calls as while nobody does. Only who knows that it
 * is mended ends that one, by `retry`.
 */
export class PollingLoop {
  private readonly signal = new WakeSignal();
  private running: Promise<void> | undefined;
  private hasToStop = false;
  private isMended = false;

  constructor(
    private readonly round: () => Promise<number>,
    private readonly options: PollingLoopOptions,
  ) {}

  /** There is something to do: ends a pause, or has the next one left out. */
  readonly wake = this.signal.wake;

  /** What made rounds reject is probably over: also ends the pause after one. */
  readonly retry = (): void => {
    this.isMended = true;
    this.signal.wake();
  };

  /** True from the call of `stop` on. */
  get isStopping(): boolean {
    return this.hasToStop;
  }

  /** Returns at once; does nothing after `stop`. */
  start(): void {
    this.running ??= this.run();
  }

  /** Ends any pause at once and begins no further round; resolves when the one under way, if any, has ended. */
  async stop(): Promise<void> {
    this.hasToStop = true;
    this.signal.wake();
    await this.running;
  }

  private async run(): Promise<void> {
    let failures = 0;
    while (!this.hasToStop) {
      this.isMended = false;
      try {
        const pauseMs = await this.round();
        failures = 0;
        if (pauseMs > 0 && !this.hasToStop) await this.signal.wait(pauseMs);
      } catch (error) {
        failures += 1;
        this.options.onFailure(error, failures);
        await this.backOff(failures);
      }
    }
  }

  private async backOff(failures: number): Promise<void> {
    const { firstBackoffMs, maxBackoffMs } = this.options;
    const end = performance.now() + Math.min(firstBackoffMs * 2 ** (failures - 1), maxBackoffMs);
    const leftMs = (): number => (this.hasToStop || this.isMended ? 0 : end - performance.now());
    while (leftMs() > 0) await this.signal.wait(leftMs());
  }
}
