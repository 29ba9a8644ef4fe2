import type { TenantId } from '@housestyle/domain';

/** What belongs to each tenant, tenants and items in the order in which they came. */
export function byTenant<T extends { readonly tenantId: TenantId }>(items: readonly T[]): Map<TenantId, T[]> {
  const groups = new Map<TenantId, T[]>();
  for (const item of items) {
    const group = groups.get(item.tenantId);
    if (group) group.push(item);
    else groups.set(item.tenantId, [item]);
  }
  return groups;
}
