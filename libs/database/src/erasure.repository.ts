import type { TenantId } from '@housestyle/domain';
import type { Database, Transaction } from './database.js';
import { learnedFrom, lockExamples, runLearningFrom } from './lineage.js';
import { cancelRun } from './training-run.repository.js';

/** Which captions to erase. */
export type ErasureRequest =
  | { readonly suggestionId: string }
  /** every caption of one asset row */
  | { readonly assetId: string }
  | { readonly everything: true };

export interface Erasure {
  /** captions that are gone now, or were before */
  readonly captions: number;
  /** mapper versions that were trained on any of them, oldest first */
  readonly mappers: readonly {
    readonly id: string;
    readonly name: string;
    /** false: only through the version it started from */
    readonly isDirect: boolean;
  }[];
  /** a run that was learning from one of them when it was erased; it is told to end */
  readonly cancelledRunId?: string;
}

/**
 * Takes captions out of everything that keeps them: what the model wrote, what people made of it, the hold-out, the
 * examples a run shows, the events. The rows stay, empty, so that it can be said at any time which mapper versions
 * learned from them; no later run does.
 */
export class ErasureRepository {
  constructor(private readonly database: Database) {}

  /** @returns undefined when the tenant has no such caption */
  erase(
    tenant: TenantId,
    request: ErasureRequest,
    reason = 'a caption it learned from was erased',
  ): Promise<Erasure | undefined> {
    return this.database.forTenant(tenant, async (rows) => {
      const ids = await captionsOf(rows, tenant, request);
      if (ids.length === 0 && !('everything' in request)) return undefined;
      await lockExamples(rows, tenant);
      const cancelledRunId = await runLearningFrom(rows, tenant, ids);
      if (cancelledRunId !== undefined) await cancelRun(rows, tenant, cancelledRunId, reason);
      await eraseTexts(rows, tenant, ids);
      const mappers = await learnedFrom(rows, tenant, ids);
      return {
        captions: ids.length,
        mappers: mappers.map(({ id, name, is_direct: isDirect }) => ({ id, name, isDirect })),
        ...(cancelledRunId !== undefined && { cancelledRunId }),
      };
    });
  }
}

async function captionsOf(rows: Transaction, tenant: TenantId, request: ErasureRequest): Promise<string[]> {
  const which =
    'suggestionId' in request
      ? { id: request.suggestionId }
      : 'assetId' in request
        ? { assetRowId: request.assetId }
        : {};
  const found = await rows.suggestion.findMany({ where: { tenantId: tenant, ...which }, select: { id: true } });
  return found.map(({ id }) => id);
}

async function eraseTexts(rows: Transaction, tenant: TenantId, ids: readonly string[]): Promise<void> {
  const erased = [...ids];
  await rows.$executeRaw`
    UPDATE suggestion SET text = '', hypotheses = '[]', erased_at = now()
    WHERE tenant_id = ${tenant}::uuid AND id = ANY(${erased}::uuid[]) AND erased_at IS NULL`;
  await rows.$executeRaw`
    UPDATE review SET decision = NULL, text = NULL, editor = NULL, revision = revision + 1, updated_at = now()
    WHERE tenant_id = ${tenant}::uuid AND suggestion_id = ANY(${erased}::uuid[])
      AND (decision IS NOT NULL OR editor IS NOT NULL)`;
  await rows.$executeRaw`
    UPDATE training_example SET text = NULL
    WHERE tenant_id = ${tenant}::uuid AND suggestion_id = ANY(${erased}::uuid[])`;
  await rows.$executeRaw`
    UPDATE hold_out SET text = NULL, erased_at = now()
    WHERE tenant_id = ${tenant}::uuid AND suggestion_id = ANY(${erased}::uuid[]) AND erased_at IS NULL`;
  await rows.$executeRaw`
    UPDATE training_run SET examples = (
      SELECT coalesce(jsonb_agg(example), '[]') FROM jsonb_array_elements(examples) AS example
      WHERE example ->> 'id' <> ALL(${erased}::text[]))
    WHERE tenant_id = ${tenant}::uuid AND examples <> '[]'`;
  // what was published has left the house; what is kept, or waits, says nothing any more
  await rows.$executeRaw`
    UPDATE outbox SET payload = payload || CASE WHEN payload ? 'alternatives'
      THEN '{"caption": "", "alternatives": []}'::jsonb ELSE '{"caption": null}'::jsonb END
    WHERE tenant_id = ${tenant}::uuid AND payload ->> 'suggestionId' = ANY(${erased}::text[])`;
}
