import { DomainError, type TenantId } from '@housestyle/domain';
import type pg from 'pg';
import { apiKeyHash, apiKeyPrefix } from './api-key.js';
import { changeTenant, inTenantTransaction } from './change-tenant.js';
import { withMigrationLock } from './migrate.js';

export interface TenantToProvision {
  readonly id: TenantId;
  readonly name: string;
  readonly baseModel: string;
  /** replaces the key this gave the tenant before; at least 128 bits of randomness, since its hash is fast */
  readonly apiKey?: string;
  readonly bucketMappings?: readonly BucketMapping[];
}

/** Objects of `bucket` whose keys begin with `prefix` are a tenant's; without one, all of them. */
export interface BucketMapping {
  readonly bucket: string;
  readonly prefix?: string;
}

/** Marks the key that provisioning gave, so that the next one can take its place. */
const PROVISIONED_KEY = 'provisioned';

/** What a provisioned key allows: everything. */
const PROVISIONED_SCOPES = ['upload', 'review', 'admin'];

/**
 * Makes tenants, or changes their name and base, as an administrator; their keys and bucket mappings with
 * them. Idempotent. What a tenant has beyond the list given is left alone.
 * @throws DomainError `conflict` when a key, or a bucket and prefix, belong to another tenant
 */
export async function provisionTenants(adminUrl: string, tenants: readonly TenantToProvision[]): Promise<void> {
  await withMigrationLock(adminUrl, async (client) => {
    for (const tenant of tenants) {
      await inTenantTransaction(client, tenant.id, () => provisionTenant(client, tenant));
    }
  });
}

/**
 * Takes `unmapped` from a tenant, then maps `mapped` to it, as an administrator; its other mappings stay.
 * @returns all it has then, by bucket and prefix
 * @throws DomainError `unknown_tenant`; `not_found` when what is to be unmapped is not mapped to it; `conflict` when a
 * bucket and prefix belong to another tenant
 */
export async function mapBuckets(
  adminUrl: string,
  tenant: TenantId,
  {
    mapped = [],
    unmapped = [],
  }: { readonly mapped?: readonly BucketMapping[]; readonly unmapped?: readonly BucketMapping[] },
): Promise<Required<BucketMapping>[]> {
  return changeTenant(adminUrl, tenant, async (client) => {
    await removeMappings(client, tenant, unmapped);
    await addMappings(client, tenant, mapped);
    const { rows } = await client.query<Required<BucketMapping>>(
      'SELECT bucket, prefix FROM bucket_mapping WHERE tenant_id = $1 ORDER BY bucket, prefix',
      [tenant],
    );
    return rows;
  });
}

async function provisionTenant(client: pg.Client, tenant: TenantToProvision): Promise<void> {
  await client.query(
    `INSERT INTO tenant (id, name, base_model) VALUES ($1, $2, $3)
     ON CONFLICT (id) DO UPDATE SET name = excluded.name, base_model = excluded.base_model`,
    [tenant.id, tenant.name, tenant.baseModel],
  );
  if (tenant.apiKey !== undefined) await replaceKey(client, tenant.id, tenant.apiKey);
  await addMappings(client, tenant.id, tenant.bucketMappings ?? []);
}

async function addMappings(client: pg.Client, tenant: TenantId, mappings: readonly BucketMapping[]): Promise<void> {
  for (const { bucket, prefix = '' } of mappings) {
    const mapped = await client.query(
      `INSERT INTO bucket_mapping (tenant_id, bucket, prefix) VALUES ($1, $2, $3)
       ON CONFLICT (bucket, prefix) DO UPDATE SET prefix = excluded.prefix WHERE bucket_mapping.tenant_id = $1`,
      [tenant, bucket, prefix],
    );
    if (mapped.rowCount === 0) throw new DomainError('conflict', `s3://${bucket}/${prefix} is another tenant's`);
  }
}

async function removeMappings(client: pg.Client, tenant: TenantId, mappings: readonly BucketMapping[]): Promise<void> {
  for (const { bucket, prefix = '' } of mappings) {
    const removed = await client.query(
      'DELETE FROM bucket_mapping WHERE tenant_id = $1 AND bucket = $2 AND prefix = $3',
      [tenant, bucket, prefix],
    );
    if (removed.rowCount === 0)
      throw new DomainError('not_found', `s3://${bucket}/${prefix} is not mapped to the tenant`);
  }
}

async function replaceKey(client: pg.Client, tenant: TenantId, key: string): Promise<void> {
  const prefix = apiKeyPrefix(key);
  await client.query(
    `UPDATE api_key SET revoked_at = now()
     WHERE tenant_id = $1 AND name = $2 AND prefix <> $3 AND revoked_at IS NULL`,
    [tenant, PROVISIONED_KEY, prefix],
  );
  const given = await client.query(
    `INSERT INTO api_key (tenant_id, name, prefix, hash, scopes) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (prefix) DO UPDATE SET revoked_at = NULL, expires_at = NULL
     WHERE api_key.tenant_id = $1 AND api_key.hash = excluded.hash`,
    [tenant, PROVISIONED_KEY, prefix, Buffer.from(apiKeyHash(key)), PROVISIONED_SCOPES],
  );
  if (given.rowCount === 0) throw new DomainError('conflict', `the API key of prefix ${prefix} is another tenant's`);
}
