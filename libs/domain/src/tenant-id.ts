import { DomainError } from './domain-error.js';

/** A tenant's identifier: a UUID. First argument of every tenant-scoped method. */
export type TenantId = string & { readonly __brand: 'TenantId' };

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export const isTenantId = (value: string): value is TenantId => UUID.test(value);

/** @throws DomainError `invalid_tenant` when `value` is not a lower-case UUID. */
export function tenantId(value: string): TenantId {
  if (!isTenantId(value)) throw new DomainError('invalid_tenant', `tenant id is not a UUID: ${JSON.stringify(value)}`);
  return value;
}
