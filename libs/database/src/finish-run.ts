import type { TenantId } from '@housestyle/domain';
import { championOf } from './champion.js';
import type { Transaction } from './database.js';
import type { MapperDraft } from './mapper-version.repository.js';
import { insertPromotion, lockPromotions } from './promote.js';
import { storableJson, storableText } from './storable-text.js';
import { announceRun } from './training-run.repository.js';
import type { CurvePoint, HoldOutExample } from './training-run-view.js';

/** What the gate saw. */
export interface RunFindings {
  readonly reason: string;
  readonly figures: Readonly<Record<string, unknown>>;
  readonly curve: readonly CurvePoint[];
  readonly examples: readonly HoldOutExample[];
  readonly trainableParameters: number;
  readonly seconds: number;
}

/** Where the promoted artefact lies. */
export type TrainedMapper = Pick<MapperDraft, 'sha256' | 'key' | 'kind'>;

export type RunConclusion =
  | ({ readonly status: 'promoted'; readonly mapper: TrainedMapper } & RunFindings)
  | ({ readonly status: 'refused' } & RunFindings)
  | { readonly status: 'failed' | 'cancelled'; readonly reason: string };

const MAX_REASON_LENGTH = 2000;

/**
 * Writes a run's end, in the caller's transaction, which has locked the run's row.
 * @returns how it ended: what was to be promoted is refused if another mapper has become champion
 */
export async function finishRun(
  rows: Transaction,
  tenant: TenantId,
  runId: string,
  conclusion: RunConclusion,
): Promise<RunConclusion['status']> {
  const { outcome, mapperVersionId } = await settle(rows, tenant, runId, conclusion);
  const findings = 'figures' in outcome ? outcome : undefined;
  await rows.$executeRaw`
    UPDATE training_run SET status = ${outcome.status}::training_status, finished_at = now(), holder = NULL,
      reason = ${storableText(outcome.reason, MAX_REASON_LENGTH)}, progress = NULL,
      figures = ${findings ? storableJson(findings.figures) : null}::jsonb,
      examples = ${storableJson(findings?.examples ?? [])}::jsonb,
      curve = coalesce(${findings ? storableJson(findings.curve) : null}::jsonb, curve),
      trainable_parameters = ${findings?.trainableParameters ?? null}::int,
      seconds = ${findings?.seconds ?? null}::float8,
      mapper_version_id = ${mapperVersionId ?? null}::uuid
    WHERE tenant_id = ${tenant}::uuid AND id = ${runId}::uuid`;
  // from here on it is only asked which suggestions they were
  await rows.trainingExample.updateMany({ where: { tenantId: tenant, trainingRunId: runId }, data: { text: null } });
  await announceRun(rows, tenant, runId);
  return outcome.status;
}

async function settle(rows: Transaction, tenant: TenantId, runId: string, conclusion: RunConclusion) {
  if (conclusion.status !== 'promoted') return { outcome: conclusion };
  await lockPromotions(rows, tenant);
  const run = await rows.trainingRun.findFirstOrThrow({ where: { tenantId: tenant, id: runId } });
  const champion = await championOf(rows, tenant);
  if ((champion?.id ?? null) !== run.championBeforeId) {
    const reason = 'another mapper became champion while it ran, and it was not measured against that one';
    return { outcome: { ...conclusion, status: 'refused' as const, reason } };
  }
  const mapperVersionId = await register(rows, tenant, run, conclusion);
  const { reason, figures } = conclusion;
  await insertPromotion(rows, tenant, { mapperVersionId, reason, kind: 'training', figures, trainingRunId: runId });
  return { outcome: conclusion, mapperVersionId };
}

/** Equal artefacts are one version. */
async function register(
  rows: Transaction,
  tenant: TenantId,
  run: { readonly baseModel: string | null; readonly baseSha256: string | null },
  { mapper, figures }: Extract<RunConclusion, { status: 'promoted' }>,
): Promise<string> {
  const n = await rows.mapperVersion.count({ where: { tenantId: tenant } });
  await rows.mapperVersion.createMany({
    data: [
      {
        tenantId: tenant,
        name: `Version ${n + 1}`,
        baseModel: run.baseModel!,
        baseSha256: run.baseSha256!,
        ...mapper,
        figures: JSON.parse(storableJson(figures)) as object,
      },
    ],
    skipDuplicates: true,
  });
  const { id } = await rows.mapperVersion.findFirstOrThrow({
    where: { tenantId: tenant, sha256: mapper.sha256 },
    select: { id: true },
  });
  return id;
}
