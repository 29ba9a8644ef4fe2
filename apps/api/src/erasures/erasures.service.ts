import { Injectable } from '@nestjs/common';
import type { CreateErasure, Erasure } from '@housestyle/contracts';
import { ErasureRepository, MapperVersionRepository } from '@housestyle/database';
import { DomainError, type TenantId } from '@housestyle/domain';

@Injectable()
export class ErasuresService {
  constructor(
    private readonly erasures: ErasureRepository,
    private readonly mappers: MapperVersionRepository,
  ) {}

  async erase(tenant: TenantId, request: CreateErasure): Promise<Erasure> {
    const erasure = await this.erasures.erase(tenant, request);
    if (!erasure) throw new DomainError('not_found', 'no such caption');
    const champion = await this.mappers.champion(tenant);
    return {
      captions: erasure.captions,
      mappers: erasure.mappers.map((mapper) => ({ ...mapper, isChampion: mapper.id === champion?.id })),
      cancelledRunId: erasure.cancelledRunId ?? null,
    };
  }
}
