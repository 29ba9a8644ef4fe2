import { generationToWire, mapperToWire, type CaptionerClient } from '@housestyle/contracts/captioner';
import { toDomainError, type DomainError, type GenerationSettings } from '@housestyle/domain';
import type { Logger } from '@housestyle/telemetry';
import type { PipelineMetrics } from '../pipeline-metrics.js';
import type { OutcomeService } from './outcome.service.js';
import type { PreparedItem } from './work-item.js';

export interface CaptionStageOptions {
  /** pictures in one call */
  readonly maxBatch: number;
  /** calls at once: while one is computed, the next is already there */
  readonly maxCalls: number;
  /** how long a picture waits for others to share its call */
  readonly maxDelayMs: number;
  readonly deadlineMs: number;
  readonly generation: GenerationSettings;
}

interface Waiting {
  readonly item: PreparedItem;
  readonly since: number;
  /** pictures in its next call at most: halved whenever a call with it fails, until the culprit stands alone */
  readonly maxShare: number;
  /** successful calls when it was last tried */
  readonly successesSeen: number;
}

const MIN_PAUSE_MS = 500;
const MAX_PAUSE_MS = 15_000;

/**
 * Sends prepared pictures to the captioner, several calls in flight.
 *
 * A captioner that is away or overloaded is nobody's fault: the pictures wait here, their leases renewed, no attempt
 * counted, while calls pause and then probe. Unless other calls succeed meanwhile: then the failing call is tried
 * again in halves, and a picture that by itself still brings its call down is charged with the attempt, so that it
 * cannot go round for ever. Any other failure of a whole call, a missed deadline too, is halved in the same way.
 */
export class CaptionStage {
  private waiting: Waiting[] = [];
  private readonly calls = new Set<Promise<void>>();
  private readonly writes = new Set<Promise<void>>();
  private timer: NodeJS.Timeout | undefined;
  private pausedUntil = 0;
  private consecutiveFailures = 0;
  private successes = 0;
  private isStopped = false;

  constructor(
    private readonly captioner: Pick<CaptionerClient, 'caption'>,
    private readonly outcomes: OutcomeService,
    private readonly options: CaptionStageOptions,
    private readonly metrics: PipelineMetrics,
    private readonly logger: Logger,
  ) {}

  add(item: PreparedItem): void {
    this.waiting.push({
      item,
      since: performance.now(),
      maxShare: this.options.maxBatch,
      successesSeen: this.successes,
    });
    this.pump();
  }

  /** No more calls; resolves when those on their way are answered and written. What waits is left to its lease. */
  async stop(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    await Promise.all(this.calls);
    await Promise.all(this.writes);
  }

  private pump(): void {
    clearTimeout(this.timer);
    while (!this.isStopped && this.calls.size < this.options.maxCalls) {
      const oldest = this.waiting[0];
      // after a failure one call goes first, to see whether the captioner is back
      if (!oldest || (this.consecutiveFailures > 0 && this.calls.size > 0)) return;
      const batch = this.nextBatch(oldest);
      const isFull = batch.length === oldest.maxShare;
      const fillMs = isFull ? 0 : oldest.since + this.options.maxDelayMs - performance.now();
      const waitMs = Math.max(fillMs, this.pausedUntil - performance.now());
      if (waitMs > 0) {
        this.timer = setTimeout(() => this.pump(), Math.ceil(waitMs));
        return;
      }
      const chosen = new Set(batch);
      this.waiting = this.waiting.filter((entry) => !chosen.has(entry));
      track(this.calls, this.call(batch), () => this.pump());
    }
  }

  private nextBatch({ item: { base }, maxShare }: Waiting): Waiting[] {
    return this.waiting
      .filter((entry) => entry.maxShare === maxShare && entry.item.base.sha256 === base.sha256)
      .slice(0, maxShare);
  }

  private async call(batch: readonly Waiting[]): Promise<void> {
    const items = batch.map(({ item }) => item);
    const observe = this.metrics.callSeconds.startTimer();
    this.metrics.callItems.observe(batch.length);
    try {
      const response = await this.captioner.caption(
        {
          baseModel: items[0]!.base.name,
          generation: generationToWire(this.options.generation),
          items: items.map(({ lease, picture, mapper }) => ({
            id: lease.assetRowId,
            pixels: { rgb: picture.pixels },
            mapper: mapper ? mapperToWire(mapper) : null,
          })),
        },
        { deadlineMs: this.options.deadlineMs },
      );
      observe();
      this.successes += 1;
      this.consecutiveFailures = 0;
      const codes = new Map(response.results.map(({ id, status }) => [id, status.code]));
      // a full queue refuses single pictures of a call too
      const refused = batch.filter(({ item }) => isCaptionersFault(codes.get(item.lease.assetRowId)));
      if (refused.length > 0) this.pause();
      for (const entry of refused) this.again(entry, entry.maxShare);
      const answered = batch.filter((entry) => !refused.includes(entry)).map(({ item }) => item);
      if (answered.length > 0) track(this.writes, this.outcomes.record(answered, response));
    } catch (error) {
      this.onFailure(batch, toDomainError(error));
    }
  }

  private onFailure(batch: readonly Waiting[], error: DomainError): void {
    if (isCaptionersFault(error.code)) {
      this.consecutiveFailures += 1;
      this.pause();
      this.logger.warn({ code: error.code, failures: this.consecutiveFailures }, error.message);
    }
    for (const entry of batch) {
      const isInnocent = isCaptionersFault(error.code) && entry.successesSeen === this.successes;
      if (isInnocent) this.again(entry, entry.maxShare);
      else if (batch.length > 1) this.again(entry, Math.ceil(batch.length / 2));
      else track(this.writes, this.outcomes.fail(entry.item.lease, error));
    }
  }

  private pause(): void {
    const pauseMs = Math.min(MIN_PAUSE_MS * 2 ** Math.max(0, this.consecutiveFailures - 1), MAX_PAUSE_MS);
    this.pausedUntil = performance.now() + pauseMs;
  }

  /** Back to the front, where it came from. */
  private again(entry: Waiting, maxShare: number): void {
    this.waiting.unshift({ ...entry, maxShare, successesSeen: this.successes });
  }
}

const isCaptionersFault = (code: string | undefined): boolean =>
  code === 'captioner_unavailable' || code === 'captioner_overloaded';

function track(set: Set<Promise<void>>, work: Promise<void>, onEnd?: () => void): void {
  const tracked = work.finally(() => {
    set.delete(tracked);
    onEnd?.();
  });
  set.add(tracked);
}
