import type { MapperReference, PromotionKind, TenantId } from '@housestyle/domain';
import type { Transaction } from './database.js';

/**
 * The mapper of the tenant's latest promotion; undefined: the base's own, which also writes for a tenant whose champion
 * was made for the base model it had before.
 */
export async function championOf(rows: Transaction, tenant: TenantId): Promise<MapperReference | undefined> {
  const latest = await rows.promotion.findFirst({
    where: { tenantId: tenant },
    orderBy: { id: 'desc' },
    select: {
      mapperVersion: { select: { id: true, sha256: true, key: true, baseModel: true } },
      tenant: { select: { baseModel: true } },
    },
  });
  if (!latest?.mapperVersion || latest.mapperVersion.baseModel !== latest.tenant.baseModel) return undefined;
  const { id, sha256, key } = latest.mapperVersion;
  return { id, sha256, key };
}

/** A promotion as far as it says who came before whom; a null mapper version is the base's own. */
export interface PromotionStep {
  readonly mapperVersionId: string | null;
  readonly kind: PromotionKind;
}

/**
 * Where a rollback leads: to what was champion when the present one was promoted, rollbacks not counted, so that
 * rolling back twice goes back twice. Undefined when there is nothing before it.
 * @param steps newest first
 */
export function predecessorOf(
  steps: readonly PromotionStep[],
): { readonly mapperVersionId: string | null } | undefined {
  const champion = steps[0]?.mapperVersionId ?? null;
  const promoted = steps.findIndex(
    ({ mapperVersionId, kind }) => mapperVersionId === champion && (kind === 'training' || kind === 'manual'),
  );
  if (promoted < 0) return undefined;
  const before = steps[promoted + 1]?.mapperVersionId ?? null;
  return before === champion ? predecessorOf(steps.slice(promoted + 1)) : { mapperVersionId: before };
}
