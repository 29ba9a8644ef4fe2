import { Injectable } from '@nestjs/common';
import type { MapperList, PromoteMapper, Promotion } from '@housestyle/contracts';
import { MapperVersionRepository, TenantRepository } from '@housestyle/database';
import { BASE_MAPPER_ID, type TenantId } from '@housestyle/domain';
import type { Caller } from '../access/caller.js';
import { presentMapper, presentPromotion } from './present-mapper.js';

@Injectable()
export class MappersService {
  constructor(
    private readonly mapperVersions: MapperVersionRepository,
    private readonly tenants: TenantRepository,
  ) {}

  async list(tenant: TenantId): Promise<MapperList> {
    const [champion, versions, latestPromotion, before, owner] = await Promise.all([
      this.mapperVersions.champion(tenant),
      this.mapperVersions.list(tenant),
      this.latestPromotion(tenant),
      this.mapperVersions.rollbackTarget(tenant),
      this.tenants.get(tenant),
    ]);
    return {
      championId: champion?.id ?? null,
      latestPromotion: latestPromotion ?? null,
      rollbackTo: before ? { mapperId: before.id, name: before.name ?? owner?.baseModel ?? '' } : null,
      items: versions.map((version) => presentMapper(version, champion?.id)),
    };
  }

  async latestPromotion(tenant: TenantId): Promise<Promotion | undefined> {
    const latest = await this.mapperVersions.latestPromotion(tenant);
    return latest && presentPromotion(latest);
  }

  async promote(caller: Caller, id: string, promotion: PromoteMapper): Promise<MapperList> {
    const { reason = 'promoted by hand', expectedChampionId: expected } = promotion;
    const { tenantId, keyPrefix: promotedBy } = caller;
    const mapperVersionId = id === BASE_MAPPER_ID ? undefined : id;
    await this.mapperVersions.promote(tenantId, mapperVersionId, reason, { promotedBy, expected });
    return this.list(tenantId);
  }

  async rollback(caller: Caller, rollback: PromoteMapper): Promise<MapperList> {
    const { reason = 'rolled back by hand', expectedChampionId: expected } = rollback;
    const { tenantId, keyPrefix: promotedBy } = caller;
    await this.mapperVersions.rollback(tenantId, reason, { promotedBy, expected });
    return this.list(tenantId);
  }
}
