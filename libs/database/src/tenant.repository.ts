import type { TenantId } from '@housestyle/domain';
import type { Database } from './database.js';

export interface TenantView {
  readonly id: TenantId;
  readonly name: string;
  readonly baseModel: string;
}

/** Tenants as the apps see them; making one is `provisionTenants`, and takes an administrator. */
export class TenantRepository {
  constructor(private readonly database: Database) {}

  async get(tenant: TenantId): Promise<TenantView | undefined> {
    const row = await this.database.forTenant(tenant, (rows) => rows.tenant.findFirst({ where: { id: tenant } }));
    return row ? { id: tenant, name: row.name, baseModel: row.baseModel } : undefined;
  }

  /** Every tenant's id, for schedulers; as the queue role, which knows no names. */
  async listIds(): Promise<TenantId[]> {
    const rows = await this.database.acrossTenants(
      (tables) => tables.$queryRaw<{ id: TenantId }[]>`
      SELECT id FROM tenant ORDER BY id`,
    );
    return rows.map(({ id }) => id);
  }
}
