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
  /** from then on it opens nothing */
  readonly expiresAt?: Date;
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
  readonly limits: RequestLimits;
}

/** How often it may ask, where that differs from the settings. */
export interface RequestLimits {
  readonly ofTenant?: number;
  readonly ofKey?: number;
}

interface StoredKey {
  readonly tenant_id: TenantId;
  readonly prefix: string;
  readonly hash: Uint8Array;
  readonly scopes: string[];
  readonly requests_per_minute: number | null;
  readonly key_requests_per_minute: number | null;
}

const MAX_LIVE_KEYS_IN_ROTATION = 2;

export class ApiKeyRepository {
  constructor(private readonly database: Database) {}

  /** Finds a key before its tenant is known, as the queue role. Undefined: no such key, or one that has ended. */
  async authenticate(key: string): Promise<ApiKeyOwner | undefined> {
    const [stored] = await this.database.acrossTenants(
      (rows) => rows.$queryRaw<StoredKey[]>`
      SELECT tenant_id, prefix, hash, scopes, requests_per_minute, key_requests_per_minute
      FROM api_key LEFT JOIN tenant_limit USING (tenant_id)
      WHERE prefix = ${apiKeyPrefix(key)} AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())`,
    );
    if (!stored || !isApiKey(key, stored.hash)) return undefined;
    const { tenant_id: tenantId, prefix, scopes } = stored;
    const ofTenant = stored.requests_per_minute ?? undefined;
    return { tenantId, prefix, scopes, limits: { ofTenant, ofKey: stored.key_requests_per_minute ?? undefined } };
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

  /** Newest first, those that have ended included. */
  async list(tenant: TenantId): Promise<ApiKeyView[]> {
    const keys = await this.database.forTenant(tenant, (rows) =>
      rows.apiKey.findMany({ where: { tenantId: tenant }, orderBy: [{ createdAt: 'desc' }, { id: 'desc' }] }),
    );
    return keys.map(toView);
  }

  create(tenant: TenantId, name: string, scopes: readonly string[], expiresInSeconds?: number): Promise<CreatedApiKey> {
    return this.database.forTenant(tenant, (rows) =>
      insert(rows, tenant, {
        name,
        scopes,
        expiresAt: expiresInSeconds === undefined ? null : new Date(Date.now() + expiresInSeconds * 1000),
      }),
    );
  }

  /**
   * Makes a successor of the same name and scopes. Both live until the old one is revoked, or for `graceSeconds`; never
   * longer than the old one would have.
   * @throws DomainError `not_found` for no such live key, `conflict` while a rotation is already under way
   */
  rotate(tenant: TenantId, id: string, graceSeconds: number): Promise<CreatedApiKey> {
    return this.database.forTenant(tenant, async (rows) => {
      // one rotation of a tenant at a time: two would each see one live key
      await rows.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended('rotate ' || ${tenant}::text, 0))`;
      const now = new Date();
      const isLive = { revokedAt: null, OR: [{ expiresAt: null }, { expiresAt: { gt: now } }] };
      const old = await rows.apiKey.findFirst({ where: { tenantId: tenant, id, ...isLive } });
      if (!old) throw new DomainError('not_found', 'no such live API key');
      const live = await rows.apiKey.count({ where: { tenantId: tenant, name: old.name, ...isLive } });
      if (live >= MAX_LIVE_KEYS_IN_ROTATION) {
        throw new DomainError('conflict', `${live} keys named ${JSON.stringify(old.name)} live already: revoke one`);
      }
      const end = new Date(now.getTime() + graceSeconds * 1000);
      if (!old.expiresAt || old.expiresAt > end) {
        await rows.apiKey.updateMany({ where: { tenantId: tenant, id }, data: { expiresAt: end } });
      }
      return insert(rows, tenant, { name: old.name, scopes: old.scopes, expiresAt: null });
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
  { name, scopes, expiresAt }: Pick<ApiKey, 'name' | 'expiresAt'> & { readonly scopes: readonly string[] },
): Promise<CreatedApiKey> {
  const { key, prefix, hash } = newApiKey();
  const stored = await rows.apiKey.create({
    data: { tenantId: tenant, name, prefix, hash, scopes: [...scopes], expiresAt },
  });
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
  expiresAt: row.expiresAt ?? undefined,
});
