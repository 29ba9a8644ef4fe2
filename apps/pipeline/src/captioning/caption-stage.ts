import { generationToWire, mapperToWire, type CaptionerClient } from '@housestyle/contracts/captioner';
import { MAX_ATTEMPTS, toDomainError, type DomainError, type GenerationSettings } from '@housestyle/domain';
import type { Logger } from '@housestyle/telemetry';
import { inTurns } from '../fair-turns.js';
import type { PipelineMetrics } from '../pipeline-metrics.js';
import { BaseTurns } from './base-turns.js';
import type { HeldLeases } from './held-leases.js';
import type { OutcomeService } from './outcome.service.js';
import type { PreparedItem } from './work-item.js';

export interface CaptionStageOptions {
  /** pictures in one call */
  readonly maxBatch: number;
  /** calls at once: while one is computed, the next is already there */
  readonly maxCalls: number;
  /** how long a picture waits for others that are on their way, to share its call */
  readonly maxDelayMs: number;
  readonly deadlineMs: number;
  readonly generation: GenerationSettings;
}

interface Waiting {
  readonly item: PreparedItem;
  readonly since: number;
  /** pictures in its next call at most: halved as calls with it fail, until the culprit stands alone */
  readonly maxShare: number;
  /** calls with it that failed */
  readonly failures: number;
  /** successful calls when it last failed: of all base models, and of its own */
  readonly successesSeen: number;
  readonly ofBaseSeen: number;
}

const MIN_PAUSE_MS = 500;
const MAX_PAUSE_MS = 5_000;
const FAILURES_UNTIL_HALVED = 3;
const PATIENCE_WHEN_BUSY = 6;

/**
 * Sends prepared pictures to the captioner, several calls in flight.
 *
 * A captioner that is away, overloaded or silent is nobody's fault: the pictures wait here, their leases renewed, no
 * attempt counted, while calls pause and then probe one at a time, each with other pictures. When a call fails for
 * another reason, or again and again, or while others succeed, its pictures go on in halves. A picture that fails by
 * itself is charged with the attempt, unless the captioner may be to blame and no other call has succeeded meanwhile:
 * so one that brings the captioner down neither goes round for ever nor takes the others along. All this goes for a base
 * model that the captioner has not loaded, too, and for its pictures only: those of other bases go on. One that it does
 * not serve at all is waited for, however long it takes: no picture can bring that about.
 */
export class CaptionStage {
  private waiting: Waiting[] = [];
  private readonly calls = new Set<Promise<void>>();
  private readonly writes = new Set<Promise<void>>();
  private timer: NodeJS.Timeout | undefined;
  private pausedUntil = 0;
  private consecutiveFailures = 0;
  /** the first of these, of `performance.now` */
  private failingSince = 0;
  private successes = 0;
  private isStopped = false;
  private readonly turns: BaseTurns;
  /** each is told of once. */
  private readonly unusableMappers = new Set<string>();

  constructor(
    private readonly captioner: Pick<CaptionerClient, 'caption'>,
    private readonly outcomes: OutcomeService,
    private readonly held: Pick<HeldLeases, 'arrive' | 'onTheWay'>,
    private readonly options: CaptionStageOptions,
    private readonly metrics: PipelineMetrics,
    private readonly logger: Logger,
  ) {
    this.turns = new BaseTurns(options);
  }

  /** For how long pictures have waited while no call succeeded, for the captioner's sake; 0 while none does. */
  get failingForMs(): number {
    const isTrying = this.waiting.length > 0 || this.calls.size > 0;
    return isTrying && this.consecutiveFailures > 0 ? performance.now() - this.failingSince : 0;
  }

  add(item: PreparedItem): void {
    this.held.arrive(item.lease);
    this.waiting.push({
      item,
      since: performance.now(),
      maxShare: this.options.maxBatch,
      failures: 0,
      successesSeen: this.successes,
      ofBaseSeen: this.turns.successes(baseOf(item)),
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
      const oldest = this.waiting.find(({ item }) => this.turns.room(baseOf(item)) > 0);
      // after a failure one call goes first, to see whether the captioner is back
      if (this.consecutiveFailures > 0 && this.calls.size > 0) return;
      if (!oldest) return this.pumpAfterPause();
      const batch = this.nextBatch(oldest);
      const isFull = batch.length === this.largestCall(oldest);
      const fillMs = isFull ? 0 : oldest.since + this.patienceMs - performance.now();
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

  /** While the captioner has another call to compute, waiting for a fuller one costs nothing; for nobody it is in vain. */
  private get patienceMs(): number {
    if (this.calls.size > 0) return this.options.maxDelayMs * PATIENCE_WHEN_BUSY;
    return this.held.onTheWay > 0 ? this.options.maxDelayMs : 0;
  }

  /** When every base model with waiting pictures pauses or has its calls. */
  private pumpAfterPause(): void {
    const now = performance.now();
    const pauses = this.waiting.map(({ item }) => this.turns.pausedUntil(baseOf(item))).filter((until) => until > now);
    if (pauses.length > 0) this.timer = setTimeout(() => this.pump(), Math.ceil(Math.min(...pauses) - now));
  }

  /** In turns between tenants: one that has filled this stage leaves the newcomer a place in the very next call. */
  private nextBatch(oldest: Waiting): Waiting[] {
    const fitting = this.waiting.filter(
      ({ maxShare, item }) => maxShare === oldest.maxShare && baseOf(item) === baseOf(oldest.item),
    );
    return inTurns(fitting, ({ item }) => item.lease.tenantId).slice(0, this.largestCall(oldest));
  }

  private largestCall({ item, maxShare }: Waiting): number {
    return Math.min(maxShare, this.turns.room(baseOf(item)));
  }

  private async call(batch: readonly Waiting[]): Promise<void> {
    const items = batch.map(({ item }) => item);
    const base = baseOf(items[0]!);
    const underWay = this.turns.begin(base, batch.length);
    const begun = performance.now();
    const observe = this.metrics.callSeconds.startTimer();
    this.metrics.callItems.observe(batch.length);
    try {
      const response = await this.captioner.caption(
        {
          baseModel: items[0]!.base.name,
          generation: generationToWire(this.options.generation),
          items: items.map(({ lease, picture, embedding, mapper }) => ({
            id: lease.assetRowId,
            ...(picture ? { pixels: { rgb: picture.pixels } } : { embedding: { values: embedding } }),
            mapper: mapper ? mapperToWire(mapper) : null,
          })),
        },
        { deadlineMs: this.options.deadlineMs },
      );
      observe();
      this.turns.took(base, performance.now() - begun, underWay);
      this.successes += 1;
      this.consecutiveFailures = 0;
      const codes = new Map(response.results.map(({ id, status }) => [id, status.code]));
      // a full queue refuses single pictures of a call too
      const isRefusal = (code: string | undefined) => isCaptionersFault(code) || isBasesFault(code);
      const refused = batch.filter(({ item }) => isRefusal(codes.get(item.lease.assetRowId)));
      if (refused.some(({ item }) => isCaptionersFault(codes.get(item.lease.assetRowId)))) this.pause();
      else if (refused.length > 0) this.turns.fail(base);
      if (refused.length < batch.length) this.turns.succeed(base);
      for (const entry of refused) this.again(entry, entry.maxShare);
      const stranded = batch.filter(({ item }) => isStranded(item, codes.get(item.lease.assetRowId)));
      for (const entry of stranded) this.fallBack(entry, codes.get(entry.item.lease.assetRowId)!);
      const answered = batch
        .filter((entry) => !refused.includes(entry) && !stranded.includes(entry))
        .map(({ item }) => item);
      if (answered.length > 0) track(this.writes, this.outcomes.record(answered, response));
    } catch (thrown) {
      const error = toDomainError(thrown);
      if (isSilence(error)) this.turns.took(base, this.options.deadlineMs, underWay);
      this.onFailure(batch, error);
    } finally {
      this.turns.end(base, batch.length);
    }
  }

  private onFailure(batch: readonly Waiting[], error: DomainError): void {
    const isSilent = isSilence(error);
    const isBaseAway = isBasesFault(error.code);
    const isAway = isCaptionersFault(error.code) || isBaseAway;
    const isNotServed = error.code === 'model_not_found';
    if (isBaseAway) {
      const { base } = batch[0]!.item;
      this.turns.fail(base.sha256);
      this.logger.warn({ code: error.code, base: base.name }, error.message);
    } else if (isAway || isSilent) {
      if (this.consecutiveFailures === 0) this.failingSince = performance.now();
      this.consecutiveFailures += 1;
      this.pause();
      this.logger.warn({ code: error.code, failures: this.consecutiveFailures }, error.message);
    }
    for (const entry of batch) {
      const failures = entry.failures + 1;
      const haveOthersSucceeded = isBaseAway
        ? entry.ofBaseSeen !== this.turns.successes(baseOf(entry.item))
        : entry.successesSeen !== this.successes;
      const isHalved = !isAway || haveOthersSucceeded || failures % FAILURES_UNTIL_HALVED === 0;
      if (isNotServed) this.again(entry, entry.maxShare);
      else if (batch.length > 1) this.again(entry, isHalved ? Math.ceil(batch.length / 2) : entry.maxShare);
      else if ((isAway || isSilent) && !haveOthersSucceeded) this.again(entry, 1);
      else track(this.writes, this.outcomes.fail(entry.item.lease, error));
    }
  }

  private pause(): void {
    const pauseMs = Math.min(MIN_PAUSE_MS * 2 ** Math.max(0, this.consecutiveFailures - 1), MAX_PAUSE_MS);
    this.pausedUntil = performance.now() + pauseMs;
  }

  /** A mapper that cannot be used is not the picture's fault: the one before writes, and at last the base's own. */
  private fallBack(entry: Waiting, code: string): void {
    const { mapper, fallback } = entry.item;
    this.metrics.fallbacks.inc({ code });
    if (!this.unusableMappers.has(mapper!.id)) {
      this.unusableMappers.add(mapper!.id);
      const { tenantId } = entry.item.lease;
      this.logger.error({ tenant: tenantId, mapper: mapper!.id, code }, 'a champion cannot be used; another writes');
    }
    this.waiting.push({ ...entry, item: { ...entry.item, mapper: fallback, fallback: undefined } });
  }

  /** Behind the others, so that these are the next to be tried. */
  private again(entry: Waiting, maxShare: number): void {
    const ofBaseSeen = this.turns.successes(baseOf(entry.item));
    const successesSeen = this.successes;
    this.waiting.push({ ...entry, maxShare, failures: entry.failures + 1, successesSeen, ofBaseSeen });
  }
}

const baseOf = ({ base }: PreparedItem): string => base.sha256;

const isSilence = ({ code }: DomainError): boolean => code === 'deadline_exceeded';

const isCaptionersFault = (code: string | undefined): boolean => code === 'captioner_unavailable';

/** Each base has a queue and threads of its own. */
const isBasesFault = (code: string | undefined): boolean =>
  code === 'model_unavailable' || code === 'model_not_found' || code === 'captioner_overloaded';

const isMappersFault = (code: string | undefined): boolean =>
  code === 'corrupt_checkpoint' ||
  code === 'mapper_not_found' ||
  code === 'mapper_mismatch' ||
  code === 'invalid_model';

/** Its mapper will not write. A store that is away may come back in time; the last attempt does not wait for it. */
function isStranded({ mapper, lease }: PreparedItem, code: string | undefined): boolean {
  if (!mapper) return false;
  return isMappersFault(code) || (code === 'store_unavailable' && lease.attempts >= MAX_ATTEMPTS);
}

function track(set: Set<Promise<void>>, work: Promise<void>, onEnd?: () => void): void {
  const tracked = work.finally(() => {
    set.delete(tracked);
    onEnd?.();
  });
  set.add(tracked);
}
