import {
  MIN_REVIEWS_TO_JUDGE,
  readinessState,
  type PromotionKind,
  type ReadinessState,
  type TenantId,
  type TrainingSchedule,
  type Verdict,
} from '@housestyle/domain';
import { predecessorOf } from './champion.js';
import type { Database, Transaction } from './database.js';
import type { Prisma } from './generated/client.js';
import { standingText } from './suggestion-view.js';
import { scheduleOf } from './training-schedule.repository.js';

/** Whether there is enough to learn from, and what there is. */
export interface Readiness {
  readonly state: ReadinessState;
  /** distinct ones with an accepted or corrected caption */
  readonly pictures: number;
  readonly accepted: number;
  readonly corrected: number;
  readonly editors: number;
  /** pictures kept apart for judging, never trained on */
  readonly heldOut: number;
  /** accepted or corrected since the last run took its examples that was not cut short */
  readonly newReviews: number;
  /** accepted or corrected since any run, also one that failed or was cancelled: those are not tried at every review */
  readonly reviewsSinceLastRun: number;
  /** pictures still missing until it is ready */
  readonly missing: number;
}

export interface LearningState {
  readonly readiness: Readiness;
  readonly schedule: TrainingSchedule;
  /** undefined: there is none */
  readonly firstNewReviewAt?: Date;
  /** when the last run began, whatever became of it; undefined: there has been none */
  readonly lastBegunAt?: Date;
}

/** A decision with the mapper whose suggestion it was about. */
export interface DatedVerdict extends Verdict {
  /** `base`, or a mapper version's id */
  readonly mapperId: string;
  /** undefined for the base's own */
  readonly mapperName?: string;
  readonly reviewedAt: Date;
}

/** The latest promotion that may be judged by the reviews since, and what was written before it. */
export interface PromotionTrial {
  readonly champion: string;
  /** null: the base's own */
  readonly predecessor: string | null;
  readonly before: readonly Verdict[];
  readonly after: readonly Verdict[];
}

const MAX_VERDICTS = 5000;
/** The most recent of each side: a style and its editors change. */
const MAX_TRIAL_VERDICTS = 200;
const MAX_STEPS = 500;

/** What a tenant's reviews say about its learning. */
export class LearningRepository {
  constructor(private readonly database: Database) {}

  readiness(tenant: TenantId): Promise<LearningState> {
    return this.database.forTenant(tenant, async (rows) => {
      const schedule = await scheduleOf(rows, tenant);
      const { firstNewReviewAt, lastBegunAt, ...counts } = await countReviews(rows, tenant);
      const state = readinessState(counts.pictures, schedule);
      return {
        schedule,
        ...(firstNewReviewAt && { firstNewReviewAt }),
        ...(lastBegunAt && { lastBegunAt }),
        readiness: { state, ...counts, missing: Math.max(0, schedule.minimumSamples - counts.pictures) },
      };
    });
  }

  /** The latest decisions, oldest first. */
  verdicts(tenant: TenantId): Promise<DatedVerdict[]> {
    return this.database.forTenant(tenant, async (rows) => {
      const found = await rows.review.findMany({
        where: { tenantId: tenant, decision: { not: null }, suggestion: { erasedAt: null } },
        include: {
          suggestion: { select: { text: true, mapperId: true, mapperVersion: { select: { name: true } } } },
        },
        orderBy: { updatedAt: 'desc' },
        take: MAX_VERDICTS,
      });
      return found.reverse().map(({ decision, text, updatedAt, suggestion }) => ({
        decision: decision!,
        suggested: suggestion.text,
        accepted: standingText(decision!, suggestion.text, text),
        mapperId: suggestion.mapperId,
        mapperName: suggestion.mapperVersion?.name,
        reviewedAt: updatedAt,
      }));
    });
  }

  /** Undefined when the champion is the base's own, or came back by a rollback: there is nothing to take back. */
  promotionTrial(tenant: TenantId): Promise<PromotionTrial | undefined> {
    return this.database.forTenant(tenant, async (rows) => {
      const steps = await promotionSteps(rows, tenant);
      const latest = steps[0];
      const predecessor = predecessorOf(steps);
      if (!latest?.mapperVersionId || !predecessor || isRollback(latest.kind)) return undefined;
      const { mapperVersionId: champion, promotedAt } = latest;
      const ofPredecessor = await verdictsAbout(rows, tenant, { mapperVersionId: predecessor.mapperVersionId });
      // one that was replaced before people had seen much of it is no measure: what they saw before the promotion is
      const isJudgedEnough = ofPredecessor.length >= MIN_REVIEWS_TO_JUDGE;
      const others = { OR: [{ mapperVersionId: null }, { mapperVersionId: { not: champion } }] };
      return {
        champion,
        predecessor: predecessor.mapperVersionId,
        before: isJudgedEnough ? ofPredecessor : await verdictsAbout(rows, tenant, others, { lt: promotedAt }),
        after: await verdictsAbout(rows, tenant, { mapperVersionId: champion }, { gte: promotedAt }),
      };
    });
  }
}

/** Newest first. */
export function promotionSteps(rows: Transaction, tenant: TenantId) {
  return rows.promotion.findMany({
    where: { tenantId: tenant },
    select: { mapperVersionId: true, kind: true, promotedAt: true },
    orderBy: { id: 'desc' },
    take: MAX_STEPS,
  });
}

const isRollback = (kind: PromotionKind): boolean => kind === 'rollback' || kind === 'automatic_rollback';

async function countReviews(rows: Transaction, tenant: TenantId) {
  const [counts] = await rows.$queryRaw<Pick<Readiness, 'pictures' | 'accepted' | 'corrected' | 'editors'>[]>`
    SELECT count(DISTINCT sha256(e.values))::int AS pictures,
      count(*) FILTER (WHERE r.decision = 'accepted')::int AS accepted,
      count(*) FILTER (WHERE r.decision = 'corrected')::int AS corrected,
      count(DISTINCT r.editor)::int AS editors
    FROM review r
    JOIN suggestion s ON s.tenant_id = r.tenant_id AND s.id = r.suggestion_id
    JOIN embedding e ON e.tenant_id = s.tenant_id AND e.asset_row_id = s.asset_row_id
    WHERE r.tenant_id = ${tenant}::uuid AND r.decision IN ('accepted', 'corrected') AND s.erased_at IS NULL
      AND e.base_sha256 = (
        -- the base in use: the tenant's, in the copy that embedded last
        SELECT latest.base_sha256 FROM suggestion latest JOIN tenant ON tenant.id = latest.tenant_id
        WHERE latest.tenant_id = ${tenant}::uuid AND latest.base_model = tenant.base_model
        ORDER BY latest.created_at DESC LIMIT 1)`;
  const [since] = await rows.$queryRaw<SinceLastRun[]>`
    WITH run AS (
      SELECT coalesce(max(begun), '-infinity') AS last,
        coalesce(max(begun) FILTER (WHERE status NOT IN ('failed', 'cancelled')), '-infinity') AS last_to_count
      FROM (SELECT status, coalesce(started_at, requested_at) AS begun FROM training_run
        WHERE tenant_id = ${tenant}::uuid) AS each
    )
    SELECT count(*) FILTER (WHERE r.updated_at > run.last_to_count)::int AS new_reviews,
      min(r.updated_at) FILTER (WHERE r.updated_at > run.last_to_count) AS first_new_at,
      count(*) FILTER (WHERE r.updated_at > run.last)::int AS since_last_run,
      nullif(run.last, '-infinity') AS last_begun_at,
      (SELECT count(*)::int FROM hold_out WHERE tenant_id = ${tenant}::uuid AND text IS NOT NULL) AS held_out
    FROM run LEFT JOIN (
      SELECT review.updated_at FROM review JOIN suggestion s ON s.tenant_id = review.tenant_id AND s.id = suggestion_id
      WHERE review.tenant_id = ${tenant}::uuid AND decision IN ('accepted', 'corrected') AND s.erased_at IS NULL
    ) AS r ON true GROUP BY run.last, run.last_to_count`;
  const { new_reviews: newReviews, since_last_run: reviewsSinceLastRun, held_out: heldOut } = since!;
  const { first_new_at: firstNewReviewAt, last_begun_at: lastBegunAt } = since!;
  return { ...counts!, newReviews, heldOut, reviewsSinceLastRun, firstNewReviewAt, lastBegunAt };
}

interface SinceLastRun {
  readonly new_reviews: number;
  readonly first_new_at: Date | null;
  readonly since_last_run: number;
  readonly last_begun_at: Date | null;
  readonly held_out: number;
}

async function verdictsAbout(
  rows: Transaction,
  tenant: TenantId,
  whose: Prisma.SuggestionWhereInput,
  when?: { readonly gte: Date } | { readonly lt: Date },
): Promise<Verdict[]> {
  const found = await rows.review.findMany({
    where: {
      tenantId: tenant,
      decision: { not: null },
      ...(when && { updatedAt: when }),
      suggestion: { ...whose, erasedAt: null },
    },
    include: { suggestion: { select: { text: true } } },
    orderBy: { updatedAt: 'desc' },
    take: MAX_TRIAL_VERDICTS,
  });
  return found.map(({ decision, text, suggestion }) => ({
    decision: decision!,
    suggested: suggestion.text,
    accepted: standingText(decision!, suggestion.text, text),
  }));
}
