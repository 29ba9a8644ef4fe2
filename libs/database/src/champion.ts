import type { MapperReference, TenantId } from '@housestyle/domain';
import type { Transaction } from './database.js';

/** The mapper of the tenant's latest promotion; undefined: the base's own. */
export async function championOf(rows: Transaction, tenant: TenantId): Promise<MapperReference | undefined> {
  const latest = await rows.promotion.findFirst({
    where: { tenantId: tenant },
    orderBy: { id: 'desc' },
    select: { mapperVersion: { select: { id: true, sha256: true, key: true } } },
  });
  return latest?.mapperVersion ?? undefined;
}
