import { randomUUID } from 'node:crypto';
import { MAX_TRAINING_ATTEMPTS, type MapperReference, type TenantId, type TrainingStatus } from '@housestyle/domain';
import { championOf } from './champion.js';
import type { Database, Transaction } from './database.js';
import { finishRun, type RunConclusion, type TrainedMapper } from './finish-run.js';
import type { TrainingRun } from './generated/client.js';
import { holdsErased, lockExamples } from './lineage.js';
import { loadExamples, takeExamples, type RunExamples } from './run-examples.js';
import { storableJson } from './storable-text.js';
import { announceRun } from './training-run.repository.js';
import type { CurvePoint, TrainingProgress } from './training-run-view.js';

/** Which run, and whose. */
export interface RunReference {
  readonly tenantId: TenantId;
  readonly runId: string;
}

export interface WaitingRun extends RunReference {
  /** false: some process has begun it, and may still be at it */
  readonly isNew: boolean;
}

/** A run in this process's hands. Everything it writes carries `holder`: whoever begins it anew silences it. */
export interface HeldRun extends RunReference, RunExamples {
  readonly holder: string;
  readonly seed: number;
  /** undefined: the base's own mapper, which also writes when the champion was made for another copy of the base */
  readonly champion?: MapperReference;
  /** false: something the champion was trained on has been erased since, or it was made for another copy of the base */
  readonly mayStartFromChampion: boolean;
  /** of what was done before a restart */
  readonly curve: readonly CurvePoint[];
}

export type { RunConclusion, RunFindings, TrainedMapper } from './finish-run.js';

export interface ExampleOptions {
  /** the most that one of several editors may write of what a run learns from; undefined: half */
  readonly maxEditorShare?: number;
}

const LATELY_DAYS = 7;

/** A run's way from requested to its end, as its trainer writes it. Take the tenant's lock first (`lockTraining`). */
export class TrainingLifecycleRepository {
  constructor(
    private readonly database: Database,
    private readonly options: ExampleOptions = {},
  ) {}

  /** Requested, and running (here, elsewhere, or in a process that is no more); oldest first, as the queue role. */
  async waiting(): Promise<WaitingRun[]> {
    const rows = await this.database.acrossTenants(
      (tables) => tables.$queryRaw<{ id: string; tenant_id: TenantId; status: string }[]>`
      SELECT id, tenant_id, status::text FROM training_run
      WHERE status IN ('requested', 'running') ORDER BY requested_at, id`,
    );
    return rows.map(({ id, tenant_id: tenantId, status }) => ({ tenantId, runId: id, isNew: status === 'requested' }));
  }

  /** Those of the last days that have ended, newest first, as the queue role: it knows when a run was asked for only. */
  async endedLately(): Promise<RunReference[]> {
    const rows = await this.database.acrossTenants(
      (tables) => tables.$queryRaw<{ id: string; tenant_id: TenantId }[]>`
      SELECT id, tenant_id FROM training_run
      WHERE status NOT IN ('requested', 'running') AND requested_at > now() - make_interval(days => ${LATELY_DAYS}::int)
      ORDER BY requested_at DESC, id`,
    );
    return rows.map(({ id, tenant_id: tenantId }) => ({ tenantId, runId: id }));
  }

  /** The name of the tenant's base model. */
  async baseModelOf(tenant: TenantId): Promise<string | undefined> {
    const row = await this.database.forTenant(tenant, (rows) => rows.tenant.findFirst({ where: { id: tenant } }));
    return row?.baseModel;
  }

  /**
   * Begins a run, or takes up one that was left: its examples, champion and seed are those of its first start.
   * @returns undefined when it has ended, which it also does here: cancelled, or started too often
   */
  begin(
    { tenantId: tenant, runId }: RunReference,
    base: { readonly name: string; readonly sha256: string },
  ): Promise<HeldRun | undefined> {
    return this.database.forTenant(tenant, async (rows) => {
      const run = await lockRun(rows, tenant, runId);
      if (!run) return undefined;
      const refusal = reasonNotToStart(run, base);
      if (refusal) {
        await finishRun(rows, tenant, runId, refusal);
        return undefined;
      }
      const holder = randomUUID();
      const started = run.startedAt === null ? await prepare(rows, tenant, run, base, this.options) : run;
      await rows.trainingRun.updateMany({
        where: { tenantId: tenant, id: runId },
        data: { status: 'running', attempts: run.attempts + 1, holder },
      });
      await announceRun(rows, tenant, runId);
      const { championBeforeId, mayStartFromChampion, seed } = started;
      const champion =
        championBeforeId === null ? undefined : await referenceTo(rows, tenant, championBeforeId, base.sha256);
      return {
        tenantId: tenant,
        runId,
        holder,
        seed,
        ...(champion && { champion }),
        mayStartFromChampion,
        curve: run.curve as unknown as CurvePoint[],
        ...(await loadExamples(rows, tenant, runId, base.sha256)),
      };
    });
  }

  /** A start that came to nothing, `begin` having written nothing: so many of them and the run is given up. */
  async countStart({ tenantId: tenant, runId }: RunReference): Promise<void> {
    await this.database.forTenant(tenant, async (rows) => {
      const run = await lockRun(rows, tenant, runId);
      if (!run) return;
      const data = { attempts: run.attempts + 1 };
      await rows.trainingRun.updateMany({ where: { tenantId: tenant, id: runId }, data });
    });
  }

  /** The work was stopped, not the run: another start of it is nobody's fault, and does not count. */
  async leave({ tenantId: tenant, runId, holder }: Pick<HeldRun, 'tenantId' | 'runId' | 'holder'>): Promise<void> {
    await this.database.forTenant(tenant, (rows) =>
      rows.trainingRun.updateMany({
        where: { tenantId: tenant, id: runId, holder, status: 'running' },
        data: { attempts: { decrement: 1 }, holder: null },
      }),
    );
  }

  /** Ends a run that cannot be begun. */
  async abandon({ tenantId: tenant, runId }: RunReference, reason: string): Promise<void> {
    await this.database.forTenant(tenant, async (rows) => {
      const run = await lockRun(rows, tenant, runId);
      if (run) await finishRun(rows, tenant, runId, { status: 'failed', reason });
    });
  }

  /** @returns whether to go on: false when the run was cancelled, or begun anew elsewhere */
  async report(
    { tenantId: tenant, runId, holder }: Pick<HeldRun, 'tenantId' | 'runId' | 'holder'>,
    progress: TrainingProgress,
    curve: readonly CurvePoint[],
  ): Promise<boolean> {
    return this.database.forTenant(tenant, async (rows) => {
      const reported = await rows.$executeRaw`
        UPDATE training_run SET progress = ${storableJson(progress)}::jsonb, curve = ${storableJson(curve)}::jsonb
        WHERE tenant_id = ${tenant}::uuid AND id = ${runId}::uuid AND holder = ${holder}::uuid AND status = 'running'
          AND NOT is_cancel_requested`;
      if (reported > 0) await announceRun(rows, tenant, runId);
      return reported > 0;
    });
  }

  /**
   * Ends the run; a promotion is the mapper version, the champion's row, the event and the run's own end in one
   * transaction. A run that was cancelled meanwhile ends so, and one whose champion was replaced is refused.
   * @returns how it ended; undefined when the run is no longer this holder's: nothing was written
   */
  finish(
    { tenantId: tenant, runId, holder }: Pick<HeldRun, 'tenantId' | 'runId' | 'holder'>,
    conclusion: RunConclusion,
  ): Promise<TrainingStatus | undefined> {
    return this.database.forTenant(tenant, async (rows) => {
      const run = await lockRun(rows, tenant, runId);
      if (run?.status !== 'running' || run.holder !== holder) return undefined;
      const isCancelled = run.isCancelRequested && conclusion.status !== 'failed';
      return finishRun(rows, tenant, runId, isCancelled ? cancelled(run) : conclusion);
    });
  }

  /** Whether any version of the tenant's is this artefact. */
  async isKept(tenant: TenantId, { sha256 }: Pick<TrainedMapper, 'sha256'>): Promise<boolean> {
    const where = { tenantId: tenant, sha256 };
    return (await this.database.forTenant(tenant, (rows) => rows.mapperVersion.count({ where }))) > 0;
  }
}

/** The row while it is not finished, locked until the transaction ends. */
async function lockRun(rows: Transaction, tenant: TenantId, runId: string): Promise<TrainingRun | undefined> {
  const locked = await rows.$queryRaw<unknown[]>`
    SELECT 1 FROM training_run WHERE tenant_id = ${tenant}::uuid AND id = ${runId}::uuid
      AND status IN ('requested', 'running') FOR UPDATE`;
  if (locked.length === 0) return undefined;
  return rows.trainingRun.findFirstOrThrow({ where: { tenantId: tenant, id: runId } });
}

function reasonNotToStart(run: TrainingRun, base: { readonly sha256: string }): RunConclusion | undefined {
  if (run.isCancelRequested) return cancelled(run);
  if (run.attempts >= MAX_TRAINING_ATTEMPTS) {
    return { status: 'failed', reason: `it was started ${run.attempts} times without an outcome` };
  }
  if (run.baseSha256 !== null && run.baseSha256 !== base.sha256) {
    return { status: 'failed', reason: 'the base model was replaced while it ran' };
  }
  return undefined;
}

const cancelled = (run: TrainingRun): RunConclusion => ({
  status: 'cancelled',
  reason: run.reason ?? 'cancelled on request',
});

/** What stays the same however often the run is taken up again. */
async function prepare(
  rows: Transaction,
  tenant: TenantId,
  run: TrainingRun,
  base: { readonly name: string; readonly sha256: string },
  { maxEditorShare }: ExampleOptions,
): Promise<TrainingRun> {
  await lockExamples(rows, tenant);
  await takeExamples(rows, tenant, run.id, base.sha256, maxEditorShare);
  const champion = await championOf(rows, tenant);
  const mayStartFromChampion =
    champion === undefined ||
    ((await referenceTo(rows, tenant, champion.id, base.sha256)) !== undefined &&
      !(await holdsErased(rows, tenant, champion.id)));
  const { training, holdOut } = await loadExamples(rows, tenant, run.id, base.sha256);
  // by the clock that reviews are dated by
  await rows.$executeRaw`
    UPDATE training_run SET started_at = now() WHERE tenant_id = ${tenant}::uuid AND id = ${run.id}::uuid`;
  await rows.trainingRun.updateMany({
    where: { tenantId: tenant, id: run.id },
    data: {
      baseModel: base.name,
      baseSha256: base.sha256,
      trainingCount: training.length,
      correctedCount: training.filter(({ isCorrected }) => isCorrected).length,
      holdOutCount: holdOut.length,
      championBeforeId: champion?.id ?? null,
      mayStartFromChampion,
    },
  });
  return rows.trainingRun.findFirstOrThrow({ where: { tenantId: tenant, id: run.id } });
}

/** Undefined when it was made for another copy of the base: that was replaced under its name, and it fits no more. */
async function referenceTo(
  rows: Transaction,
  tenant: TenantId,
  id: string,
  baseSha256: string,
): Promise<MapperReference | undefined> {
  const version = await rows.mapperVersion.findFirst({
    where: { tenantId: tenant, id, baseSha256 },
    select: { id: true, sha256: true, key: true },
  });
  return version ?? undefined;
}
