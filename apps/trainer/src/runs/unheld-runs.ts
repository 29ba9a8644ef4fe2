import type { WaitingRun } from '@housestyle/database';

interface Find {
  readonly isNew: boolean;
  readonly firstMs: number;
  readonly lastMs: number;
}

/**
 * Runs that this trainer cannot begin and found with nobody at them, look after look. Each is counted from its first
 * such find, not from when it was asked for: another trainer may have been at it for hours, and be back in a moment.
 */
export class UnheldRuns {
  private readonly finds = new Map<string, Find>();

  /** @param patienceMs how long another trainer may take to come for a run */
  constructor(private readonly patienceMs: number) {}

  /** @returns whether nobody has come for it, so that nobody will */
  isForsaken({ runId, isNew }: WaitingRun): boolean {
    const nowMs = performance.now();
    const known = this.finds.get(runId);
    // of a while without a look nothing is known: this trainer was at work, or the database away
    const goesOn = known?.isNew === isNew && nowMs - known.lastMs < this.patienceMs / 4;
    const firstMs = goesOn ? known.firstMs : nowMs;
    this.finds.set(runId, { isNew, firstMs, lastMs: nowMs });
    return nowMs - firstMs > this.patienceMs;
  }

  /** Someone has it. Of a new run that may be a trainer that only looks, as this one does, and which proves nothing. */
  seenHeld({ runId, isNew }: WaitingRun): void {
    if (!isNew) this.finds.delete(runId);
  }
}
