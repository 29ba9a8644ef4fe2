import type { TenantId } from '@housestyle/domain';
import type { Transaction } from './database.js';

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
