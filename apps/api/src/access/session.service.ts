import { Injectable } from '@nestjs/common';
import type { Session } from '@housestyle/contracts';
import { AssetRepository, SuggestionRepository, TenantRepository } from '@housestyle/database';
import { DomainError } from '@housestyle/domain';
import type { Caller } from './caller.js';

@Injectable()
export class SessionService {
  constructor(
    private readonly tenants: TenantRepository,
    private readonly assets: AssetRepository,
    private readonly suggestions: SuggestionRepository,
  ) {}

  async describe({ tenantId, scopes }: Caller): Promise<Session> {
    const [tenant, assets, suggestions] = await Promise.all([
      this.tenants.get(tenantId),
      this.assets.countByStatus(tenantId),
      this.suggestions.countByState(tenantId),
    ]);
    if (!tenant) throw new DomainError('unauthenticated', 'the key’s tenant is gone');
    return {
      tenant: { id: tenant.id, name: tenant.name },
      scopes: [...scopes],
      baseModel: tenant.baseModel,
      counts: { assets, suggestions },
    };
  }
}
