import type { CurvePoint, HeldRun, TrainingLifecycleRepository, TrainingProgress } from '@housestyle/database';

const EVERY_MS = 500;
/** without news, to hear whether the run was cancelled */
const EVERY_QUIET_TICKS = 4;
const MAX_POINTS = 500;

/** Writes a run's progress about twice a second, however often it steps, and hears by it whether to go on. */
export class ProgressReporter {
  private readonly timer: NodeJS.Timeout;
  private progress: TrainingProgress = { stage: 'starting', step: 0, steps: 0, loss: null };
  private curve: CurvePoint[];
  private hasNews = true;
  private quietTicks = 0;
  private writing: Promise<void> | undefined;

  /** @param onLost called when the run is no longer ours, or no longer wanted */
  constructor(
    private readonly run: HeldRun,
    private readonly lifecycle: Pick<TrainingLifecycleRepository, 'report'>,
    private readonly onLost: () => void,
  ) {
    this.curve = [...run.curve];
    this.timer = setInterval(() => this.tick(), EVERY_MS);
  }

  add(progress: TrainingProgress): void {
    this.progress = progress;
    this.hasNews = true;
    // folds learn apart from the candidate, whose curve this is
    if (progress.stage.startsWith('fold')) return;
    // a stage that begins anew, or a run taken up from a checkpoint, overwrites what it does again
    if (progress.step <= (this.curve.at(-1)?.step ?? 0)) {
      this.curve = this.curve.filter(({ step }) => step < progress.step);
    }
    this.curve.push({ step: progress.step, loss: progress.loss });
    if (this.curve.length > MAX_POINTS) this.curve = this.curve.filter((_, n) => n % 2 === 0);
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.writing;
  }

  private tick(): void {
    if (this.writing || (!this.hasNews && ++this.quietTicks < EVERY_QUIET_TICKS)) return;
    this.hasNews = false;
    this.quietTicks = 0;
    this.writing = this.lifecycle
      .report(this.run, this.progress, this.curve)
      .then(
        (isOurs) => {
          if (!isOurs) this.onLost();
        },
        // the database is away for a moment; if it stays so, the lock is lost and the run with it
        () => undefined,
      )
      .finally(() => (this.writing = undefined));
  }
}
