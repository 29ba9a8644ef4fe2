import { Injectable } from '@nestjs/common';
import {
  API_KEY_SCOPES,
  type ApiKey,
  type ApiKeyList,
  type CreateApiKey,
  type CreatedApiKey,
} from '@housestyle/contracts';
import { ApiKeyRepository, type ApiKeyView } from '@housestyle/database';
import { DomainError, type TenantId } from '@housestyle/domain';

@Injectable()
export class ApiKeysService {
  constructor(private readonly apiKeys: ApiKeyRepository) {}

  async list(tenant: TenantId): Promise<ApiKeyList> {
    return { items: (await this.apiKeys.list(tenant)).map(presentApiKey) };
  }

  async create(tenant: TenantId, { name, scopes = [], expiresInSeconds }: CreateApiKey): Promise<CreatedApiKey> {
    const created = await this.apiKeys.create(tenant, name, scopes, expiresInSeconds);
    return { ...presentApiKey(created), key: created.key };
  }

  async rotate(tenant: TenantId, id: string, graceSeconds: number): Promise<CreatedApiKey> {
    const created = await this.apiKeys.rotate(tenant, id, graceSeconds);
    return { ...presentApiKey(created), key: created.key };
  }

  async revoke(tenant: TenantId, id: string): Promise<void> {
    if (!(await this.apiKeys.revoke(tenant, id))) throw new DomainError('not_found', `no live API key ${id}`);
  }
}

const presentApiKey = (row: ApiKeyView): ApiKey => ({
  id: row.id,
  name: row.name,
  prefix: row.prefix,
  scopes: API_KEY_SCOPES.filter((scope) => row.scopes.includes(scope)),
  createdAt: row.createdAt.toISOString(),
  lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
  revokedAt: row.revokedAt?.toISOString() ?? null,
  expiresAt: row.expiresAt?.toISOString() ?? null,
});
