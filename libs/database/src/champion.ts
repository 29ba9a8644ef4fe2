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
    select: STEP_PARTS,
  });
  return latest ? referenceIn(latest) : undefined;
}

/** Who writes a tenant's captions; each undefined: the base's own. */
export interface Writers {
  readonly champion?: MapperReference;
  /** while the champion cannot be used */
  readonly predecessor?: MapperReference;
}

/** More promotions than that since the predecessor's, and the base's own takes its place. */
const MAX_STEPS_BACK = 20;

export async function writersOf(rows: Transaction, tenant: TenantId): Promise<Writers> {
  const steps = await rows.promotion.findMany({
    where: { tenantId: tenant },
    orderBy: { id: 'desc' },
    take: MAX_STEPS_BACK,
    select: { mapperVersionId: true, kind: true, ...STEP_PARTS },
  });
  const before = predecessorOf(steps)?.mapperVersionId;
  const earlier = before && steps.find(({ mapperVersionId }) => mapperVersionId === before);
  const [champion, predecessor] = [steps[0] && referenceIn(steps[0]), earlier ? referenceIn(earlier) : undefined];
  return { ...(champion && { champion }), ...(predecessor && { predecessor }) };
}

const STEP_PARTS = {
  mapperVersion: { select: { id: true, sha256: true, key: true, baseModel: true } },
  tenant: { select: { baseModel: true } },
} as const;

function referenceIn({ mapperVersion, tenant }: PromotedStep): MapperReference | undefined {
  if (mapperVersion?.baseModel !== tenant.baseModel) return undefined;
  const { id, sha256, key } = mapperVersion;
  return { id, sha256, key };
}

interface PromotedStep {
  readonly mapperVersion: (MapperReference & { readonly baseModel: string }) | null;
  readonly tenant: { readonly baseModel: string };
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
