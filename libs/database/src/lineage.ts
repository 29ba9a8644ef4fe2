import type { TenantId } from '@housestyle/domain';
import type { Transaction } from './database.js';

/**
 * Held until the transaction ends by whoever takes examples or erases them: what is erased is either not taken, or
 * known to have been.
 */
export async function lockExamples(rows: Transaction, tenant: TenantId): Promise<void> {
  await rows.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended('examples ' || ${tenant}, 0))`;
}

/**
 * Whether anything that went into this mapper version has been erased since: into its own run, or into those of the
 * versions it started from.
 */
export async function holdsErased(rows: Transaction, tenant: TenantId, mapperVersionId: string): Promise<boolean> {
  const [row] = await rows.$queryRaw<{ holds: boolean }[]>`
    WITH RECURSIVE ancestry(id) AS (
      SELECT ${mapperVersionId}::uuid
      UNION
      SELECT run.champion_before_id FROM training_run run JOIN ancestry ON run.mapper_version_id = ancestry.id
      WHERE run.tenant_id = ${tenant}::uuid AND run.may_start_from_champion AND run.champion_before_id IS NOT NULL
    )
    SELECT EXISTS (
      SELECT FROM ancestry
      JOIN training_run run ON run.tenant_id = ${tenant}::uuid AND run.mapper_version_id = ancestry.id
      JOIN training_example x ON x.tenant_id = run.tenant_id AND x.training_run_id = run.id
      JOIN suggestion s ON s.tenant_id = x.tenant_id AND s.id = x.suggestion_id
      WHERE s.erased_at IS NOT NULL
    ) AS holds`;
  return row?.holds ?? false;
}

/** The run at work that learns from any of these suggestions, is judged by one, or started from what learned from one. */
export async function runLearningFrom(
  rows: Transaction,
  tenant: TenantId,
  suggestionIds: readonly string[],
): Promise<string | undefined> {
  const ids = [...suggestionIds];
  const [run] = await rows.$queryRaw<{ id: string }[]>`
    WITH RECURSIVE ancestry(id) AS (
      SELECT champion_before_id FROM training_run
      WHERE tenant_id = ${tenant}::uuid AND status = 'running' AND may_start_from_champion
        AND champion_before_id IS NOT NULL
      UNION
      SELECT run.champion_before_id FROM training_run run JOIN ancestry ON run.mapper_version_id = ancestry.id
      WHERE run.tenant_id = ${tenant}::uuid AND run.may_start_from_champion AND run.champion_before_id IS NOT NULL
    ), source AS (
      SELECT id FROM training_run WHERE tenant_id = ${tenant}::uuid AND status = 'running'
      UNION ALL
      SELECT run.id FROM training_run run JOIN ancestry ON run.mapper_version_id = ancestry.id
      WHERE run.tenant_id = ${tenant}::uuid
    )
    SELECT run.id FROM training_run run WHERE run.tenant_id = ${tenant}::uuid AND run.status = 'running' AND (
      EXISTS (SELECT FROM training_example x JOIN source ON source.id = x.training_run_id
        WHERE x.tenant_id = run.tenant_id AND x.suggestion_id = ANY(${ids}::uuid[]))
      OR EXISTS (SELECT FROM hold_out x WHERE x.tenant_id = run.tenant_id AND x.suggestion_id = ANY(${ids}::uuid[])))
    FOR UPDATE OF run`;
  return run?.id;
}

/** Mapper versions that learned from any of these suggestions, by themselves or through the version they started from. */
export async function learnedFrom(
  rows: Transaction,
  tenant: TenantId,
  suggestionIds: readonly string[],
): Promise<{ id: string; name: string; is_direct: boolean }[]> {
  return rows.$queryRaw`
    WITH RECURSIVE direct AS (
      SELECT DISTINCT run.mapper_version_id AS id
      FROM training_example x JOIN training_run run ON run.tenant_id = x.tenant_id AND run.id = x.training_run_id
      WHERE x.tenant_id = ${tenant}::uuid AND x.suggestion_id = ANY(${[...suggestionIds]}::uuid[])
        AND run.mapper_version_id IS NOT NULL
    ), descent(id) AS (
      SELECT id FROM direct
      UNION
      SELECT run.mapper_version_id FROM training_run run JOIN descent ON run.champion_before_id = descent.id
      WHERE run.tenant_id = ${tenant}::uuid AND run.may_start_from_champion AND run.mapper_version_id IS NOT NULL
    )
    SELECT version.id, version.name, version.id IN (SELECT id FROM direct) AS is_direct
    FROM descent JOIN mapper_version version ON version.tenant_id = ${tenant}::uuid AND version.id = descent.id
    ORDER BY version.created_at, version.id`;
}
