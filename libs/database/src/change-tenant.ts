import { DomainError, type TenantId } from '@housestyle/domain';
import type pg from 'pg';
import { withMigrationLock } from './migrate.js';

/**
 * Changes what belongs to a tenant that is there, as an administrator, in one transaction.
 * @throws DomainError `unknown_tenant`, and whatever `work` throws: then nothing is changed
 */
export function changeTenant<T>(
  adminUrl: string,
  tenant: TenantId,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  return withMigrationLock(adminUrl, (client) =>
    inTenantTransaction(client, tenant, async () => {
      const known = await client.query('SELECT FROM tenant WHERE id = $1', [tenant]);
      if (known.rowCount === 0) throw new DomainError('unknown_tenant', `there is no tenant ${tenant}`);
      return work(client);
    }),
  );
}

/** A rejection leaves the transaction open: the connection is to be closed, which takes it back. */
export async function inTenantTransaction<T>(client: pg.Client, tenant: TenantId, work: () => Promise<T>): Promise<T> {
  await client.query('BEGIN');
  // row-level security is forced: an administrator who is no superuser keeps to it too
  await client.query(`SELECT set_config('housestyle.tenant_id', $1, true)`, [tenant]);
  const result = await work();
  await client.query('COMMIT');
  return result;
}
