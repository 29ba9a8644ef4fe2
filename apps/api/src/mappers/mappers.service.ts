import { Injectable } from '@nestjs/common';
import type { MapperList } from '@housestyle/contracts';
import { MapperVersionRepository } from '@housestyle/database';
import type { TenantId } from '@housestyle/domain';

@Injectable()
export class MappersService {
  constructor(private readonly mapperVersions: MapperVersionRepository) {}

  async list(tenant: TenantId): Promise<MapperList> {
    const [champion, versions] = await Promise.all([
      this.mapperVersions.champion(tenant),
      this.mapperVersions.list(tenant),
    ]);
    return {
      championId: champion?.id ?? null,
      items: versions.map(({ id, name, baseModel, sha256, createdAt, promotedAt }) => ({
        id,
        name,
        baseModel,
        sha256,
        isChampion: id === champion?.id,
        createdAt: createdAt.toISOString(),
        promotedAt: promotedAt?.toISOString() ?? null,
      })),
    };
  }
}
