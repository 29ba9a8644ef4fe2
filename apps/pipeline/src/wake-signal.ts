/** Sleep that can be cut short; a wake-up that comes while nobody sleeps is kept for the next sleeper. */
export class WakeSignal {
  private isSet = false;
  private resolve: (() => void) | undefined;

  readonly wake = (): void => {
    this.isSet = true;
    this.resolve?.();
  };

  /** Resolves after `timeoutMs`, or at once when woken. */
  async wait(timeoutMs: number): Promise<void> {
    if (!this.isSet) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.resolve = resolve;
        timer = setTimeout(resolve, timeoutMs);
      });
      clearTimeout(timer);
      this.resolve = undefined;
    }
    this.isSet = false;
  }
}
