import type {
  HeldRun,
  LearnableCaption,
  RunConclusion,
  RunReference,
  TrainingLifecycleRepository,
  WaitingRun,
} from '@housestyle/database';
import { toDomainError } from '@housestyle/domain';
import { openObjectStore, type ObjectStore } from '@housestyle/object-store';
import type { AdaptationExample } from '@housestyle/training';
import type { Logger } from '@housestyle/telemetry';
import type { AdaptationOrder, AdaptationResult, LocalBase, StoreLocation } from '../adaptation/adaptation-messages.js';
import type { AdaptationThread } from '../adaptation/adaptation-thread.js';
import { CheckpointObjects } from '../adaptation/checkpoint-objects.js';
import { removeArtefact } from '../adaptation/mapper-artefacts.js';
import type { TrainingEngineChoice } from '../adaptation/training-engine.js';
import type { LocalBases } from '../local-bases.js';
import type { TrainerMetrics } from '../trainer-metrics.js';
import { ProgressReporter } from './progress-reporter.js';
import { UnheldRuns } from './unheld-runs.js';

export interface TrainingRunOptions {
  readonly bases: LocalBases;
  readonly store: StoreLocation;
  readonly threads?: number;
  readonly engine: TrainingEngineChoice;
  /** how long a run waits for a trainer that has its base model */
  readonly baselessAfterMs: number;
}

/** One run from its row to its end. The caller holds the tenant's training lock. */
export class TrainingRunService {
  private readonly store: ObjectStore;
  private readonly unheld: UnheldRuns;

  constructor(
    private readonly lifecycle: TrainingLifecycleRepository,
    private readonly thread: AdaptationThread,
    private readonly options: TrainingRunOptions,
    private readonly metrics: TrainerMetrics,
    private readonly logger: Logger,
  ) {
    const { location, ...s3 } = options.store;
    this.store = openObjectStore(location, s3);
    this.unheld = new UnheldRuns(options.baselessAfterMs);
  }

  /** @param stop ends the work and leaves the run as it is, for whoever takes it up next */
  async execute(run: WaitingRun, stop: AbortSignal): Promise<void> {
    const name = await this.lifecycle.baseModelOf(run.tenantId);
    const base = name === undefined ? undefined : this.options.bases.get(name);
    if (!base) return this.leaveToOthers(run, name);
    const held = await this.begin(run, base);
    if (!held) return this.clearUp(run);
    this.metrics.started.inc();
    const endTimer = this.metrics.runSeconds.startTimer();
    const conclusion = await this.conclude(held, base, stop);
    if (!conclusion) return this.lifecycle.leave(held);
    const status = await this.lifecycle.finish(held, conclusion);
    if (!status) return;
    endTimer();
    this.metrics.ended.inc({ status });
    await this.clearUp(run);
  }

  /** Another trainer has the tenant's lock. */
  seenHeldElsewhere(run: WaitingRun): void {
    this.unheld.seenHeld(run);
  }

  /** What runs left that ended in a process which was killed before it could clear up after them. */
  async clearUpEnded(stop: AbortSignal): Promise<void> {
    try {
      for (const run of await this.lifecycle.endedLately()) {
        if (stop.aborted) return;
        await this.clearUp(run);
      }
    } catch (error) {
      this.logger.warn({ err: error }, 'runs that have ended could not be looked for; the next start clears up');
    }
  }

  /** Another trainer may have the base, and may be busy for a while, or be back in a moment. */
  private async leaveToOthers(run: WaitingRun, name: string | undefined): Promise<void> {
    if (!this.unheld.isForsaken(run)) return;
    await this.lifecycle.abandon(run, `no trainer has the base model ${name}`);
    await this.clearUp(run);
  }

  /** A run that cannot even be begun counts its starts too, or it would be tried for ever. */
  private async begin(run: WaitingRun, base: LocalBase): Promise<HeldRun | undefined> {
    try {
      return await this.lifecycle.begin(run, base.description);
    } catch (error) {
      await this.lifecycle.countStart(run);
      throw error;
    }
  }

  /** Undefined: the work was stopped, not the run. */
  private async conclude(held: HeldRun, base: LocalBase, stop: AbortSignal): Promise<RunConclusion | undefined> {
    if (held.training.length === 0) return { status: 'failed', reason: 'there is nothing to learn from' };
    const unwanted = new AbortController();
    const reporter = new ProgressReporter(held, this.lifecycle, () => unwanted.abort(new Error('cancelled')));
    this.metrics.running.inc();
    try {
      const result = await this.thread.run(this.orderOf(held, base), {
        signal: AbortSignal.any([stop, unwanted.signal]),
        onProgress: (progress) => reporter.add(progress),
      });
      return toConclusion(result);
    } catch (error) {
      if (stop.aborted) return undefined;
      // `finish` writes the reason that was given when it was cancelled
      if (unwanted.signal.aborted) return { status: 'cancelled', reason: 'cancelled' };
      this.logger.error({ err: error, run: held.runId }, 'a training run failed');
      const { code, message } = toDomainError(error);
      return { status: 'failed', reason: `${code}: ${message}` };
    } finally {
      this.metrics.running.dec();
      await reporter.close();
    }
  }

  private orderOf(held: HeldRun, base: LocalBase): AdaptationOrder {
    const { training, holdOut, champion, mayStartFromChampion, seed } = held;
    const { store, threads, engine } = this.options;
    return {
      base,
      store,
      checkpointKey: checkpointKey(held),
      input: { training: training.map(toExample), holdOut: holdOut.map(toExample), mayStartFromChampion, seed },
      ...(champion && { champion }),
      ...(threads !== undefined && { threads }),
      engine,
    };
  }

  /**
   * The run has ended: nobody takes its checkpoints up, and what it stored goes unless it was promoted, since what that
   * has learned may have been erased at that moment.
   */
  private async clearUp(run: RunReference): Promise<void> {
    try {
      const checkpoints = new CheckpointObjects(this.store, checkpointKey(run));
      for (const artefact of await checkpoints.artefacts()) {
        if (!(await this.lifecycle.isKept(run.tenantId, artefact))) await removeArtefact(this.store, artefact);
      }
      await checkpoints.discard();
    } catch (error) {
      this.logger.warn({ err: error, run: run.runId }, 'what an ended run has stored could not be removed');
    }
  }
}

const checkpointKey = ({ tenantId, runId }: RunReference): string => `checkpoints/${tenantId}/${runId}`;

const toExample = ({ suggestionId, ...caption }: LearnableCaption): AdaptationExample => ({
  id: suggestionId,
  ...caption,
});

function toConclusion({ decision, mapper, figures, ...findings }: AdaptationResult): RunConclusion {
  const all = { ...findings, figures: { ...figures } };
  if (decision === 'refuse') return { status: 'refused', ...all };
  if (!mapper) throw new Error('a promotion without an artefact');
  return { status: 'promoted', mapper, ...all };
}
