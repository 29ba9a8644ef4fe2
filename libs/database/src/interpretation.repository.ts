import type { MapperReference, TenantId } from '@housestyle/domain';
import type { Database } from './database.js';

/** All that a suggestion was written from: enough to ask what its mapper made of the picture. */
export interface InterpretationSource {
  readonly baseModel: string;
  readonly baseSha256: string;
  /** float32, little-endian */
  readonly embedding: Uint8Array;
  /** absent: the base's own mapper */
  readonly mapper?: MapperReference;
  readonly mapperName?: string;
}

export class InterpretationRepository {
  constructor(private readonly database: Database) {}

  /** Undefined when the tenant has no such suggestion, or its picture's embedding is gone. */
  async source(tenant: TenantId, suggestionId: string): Promise<InterpretationSource | undefined> {
    return this.database.forTenant(tenant, async (tables) => {
      const suggestion = await tables.suggestion.findFirst({
        where: { tenantId: tenant, id: suggestionId, erasedAt: null },
        select: {
          assetRowId: true,
          baseModel: true,
          baseSha256: true,
          mapperVersion: { select: { id: true, name: true, sha256: true, key: true } },
        },
      });
      if (!suggestion) return undefined;
      const { assetRowId, baseModel, baseSha256, mapperVersion } = suggestion;
      const embedding = await tables.embedding.findFirst({
        where: { tenantId: tenant, assetRowId, baseSha256 },
        select: { values: true },
      });
      if (!embedding) return undefined;
      const source = { baseModel, baseSha256, embedding: embedding.values };
      if (!mapperVersion) return source;
      const { name, ...mapper } = mapperVersion;
      return { ...source, mapper, mapperName: name };
    });
  }
}
