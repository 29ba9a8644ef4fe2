import { DomainError, type TenantId } from '@housestyle/domain';
import { apiKeyPrefix, isApiKey, newApiKey } from './api-key.js';
import type { Database, Transaction } from './database.js';
import type { ApiKey } from './generated/client.js';

export interface ApiKeyView {
  readonly id: string;
  readonly name: string;
  readonly prefix: string;
  readonly scopes: readonly string[];
  readonly createdAt: Date;
  readonly revokedAt?: Date;
  readonly lastUsedAt?: Date;
}

export interface CreatedApiKey extends ApiKeyView {
  /** shown now, and never again */
  readonly key: string;
}

/** Whose key it is, and what it allows. */
export interface ApiKeyOwner {
  readonly tenantId: TenantId;
  readonly prefix: string;
  readonly scopes: readonly string[];
}

interface StoredKey {
  readonly tenant_id: TenantId;
  readonly prefix: string;
  readonly hash: Uint8Array;
  readonly scopes: string[];
}

const MAX_LIVE_KEYS_IN_ROTATION = 2;

export class ApiKeyRepository {
  constructor(private readonly database: Database) {}

  /** Finds a key before its tenant is known, as the queue role. Undefined: no such key, or a revoked one. */
  async authenticate(key: string): Promise<ApiKeyOwner | undefined> {
    const [stored] = await this.database.acrossTenants(
      (rows) => rows.$queryRaw<StoredKey[]>`
      SELECT tenant_id, prefix, hash, scopes FROM api_key
      WHERE prefix = ${apiKeyPrefix(key)} AND revoked_at IS NULL`,
    );
    if (!stored || !isApiKey(key, stored.hash)) return undefined;
    return { tenantId: stored.tenant_id, prefix: stored.prefix, scopes: stored.scopes };
  }

  /** Notes that a key was used, to the minute. */
  async markUsed({ tenantId, prefix }: ApiKeyOwner): Promise<void> {
    await this.database.forTenant(
      tenantId,
      (rows) => rows.$executeRaw`
      UPDATE api_key SET last_used_at = now()
      WHERE tenant_id = ${tenantId}::uuid AND prefix = ${prefix}
        AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')`,
    );
  }

  /** Newest first, the revoked ones included. */
  async list(tenant: TenantId): Promise<ApiKeyView[]> {
    const keys = await this.database.forTenant(tenant, (rows) =>
      rows.apiKey.findMany({ where: { tenantId: tenant }, orderBy: [{ createdAt: 'desc' }, { id: 'desc' }] }),
    );
    return keys.map(toView);
  }

  create(tenant: TenantId, name: string, scopes: readonly string[]): Promise<CreatedApiKey> {
    return this.database.forTenant(tenant, (rows) => insert(rows, tenant, name, scopes));
  }

  /**
   * Makes a successor of the same name and scopes; both live until the old one is revoked.
   * @throws DomainError `not_found` for no such live key, `conflict` while a rotation is already under way
   */
  rotate(tenant: TenantId, id: string): Promise<CreatedApiKey> {
    return this.database.forTenant(tenant, async (rows) => {
      const old = await rows.apiKey.findFirst({ where: { tenantId: tenant, id, revokedAt: null } });
      if (!old) throw new DomainError('not_found', 'no such live API key');
      const live = await rows.apiKey.count({ where: { tenantId: tenant, name: old.name, revokedAt: null } });
      if (live >= MAX_LIVE_KEYS_IN_ROTATION) {
        throw new DomainError('conflict', `${live} keys named ${JSON.stringify(old.name)} live already: revoke one`);
      }
      return insert(rows, tenant, old.name, old.scopes);
    });
  }

  /** @returns false when there is no such live key */
  async revoke(tenant: TenantId, id: string): Promise<boolean> {
    const { count } = await this.database.forTenant(tenant, (rows) =>
      rows.apiKey.updateMany({ where: { tenantId: tenant, id, revokedAt: null }, data: { revokedAt: new Date() } }),
    );
    return count === 1;
  }
}

async function insert(
  rows: Transaction,
  tenant: TenantId,
  name: string,
  scopes: readonly string[],
): Promise<CreatedApiKey> {
  const { key, prefix, hash } = newApiKey();
  const stored = await rows.apiKey.create({ data: { tenantId: tenant, name, prefix, hash, scopes: [...scopes] } });
  return { ...toView(stored), key };
}

const toView = (row: ApiKey): ApiKeyView => ({
  id: row.id,
  name: row.name,
  prefix: row.prefix,
  scopes: row.scopes,
  createdAt: row.createdAt,
  revokedAt: row.revokedAt ?? undefined,
  lastUsedAt: row.lastUsedAt ?? undefined,
});
