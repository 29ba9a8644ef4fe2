import { EVENT_TYPES } from '@housestyle/contracts';
import { DomainError, type MapperReference, type TenantId } from '@housestyle/domain';
import { championOf } from './champion.js';
import type { Database } from './database.js';
import type { MapperVersion, Prisma } from './generated/client.js';
import { appendToOutbox } from './outbox-events.js';

export interface MapperDraft {
  readonly name: string;
  readonly baseModel: string;
  readonly baseSha256: string;
  /** lower-case hex, of the artefact's manifest */
  readonly sha256: string;
  /** directory key inside the artefact store */
  readonly key: string;
  readonly kind: 'delta' | 'mlp' | 'transformer' | 'linear';
  /** hold-out figures, as the gate saw them */
  readonly figures?: Readonly<Record<string, unknown>>;
}

export interface MapperVersionView extends Required<MapperDraft> {
  readonly id: string;
  readonly createdAt: Date;
  /** of its latest promotion */
  readonly promotedAt?: Date;
}

export class MapperVersionRepository {
  constructor(private readonly database: Database) {}

  /** Idempotent by sha256: the same artefact again is the same version. */
  async register(tenant: TenantId, draft: MapperDraft): Promise<MapperVersionView> {
    const data = { ...draft, figures: (draft.figures ?? {}) as Prisma.InputJsonObject, tenantId: tenant };
    const row = await this.database.forTenant(tenant, async (rows) => {
      await rows.mapperVersion.createMany({ data: [data], skipDuplicates: true });
      return rows.mapperVersion.findFirstOrThrow({ where: { tenantId: tenant, sha256: draft.sha256 } });
    });
    return toView(row);
  }

  /**
   * Makes a mapper version the champion; undefined goes back to the base's own. A rollback is a promotion too.
   * @throws DomainError `not_found` when the tenant has no such version
   */
  async promote(tenant: TenantId, mapperVersionId: string | undefined, reason: string): Promise<void> {
    await this.database.forTenant(tenant, async (rows) => {
      if (mapperVersionId !== undefined) {
        const known = await rows.mapperVersion.count({ where: { tenantId: tenant, id: mapperVersionId } });
        if (known === 0) throw new DomainError('not_found', `no mapper version ${mapperVersionId}`);
      }
      const { promotedAt } = await rows.promotion.create({
        data: { tenantId: tenant, mapperVersionId: mapperVersionId ?? null, reason },
      });
      await appendToOutbox(rows, tenant, [
        {
          type: EVENT_TYPES.mapperPromoted,
          payload: {
            tenantId: tenant,
            mapperVersionId: mapperVersionId ?? null,
            reason,
            promotedAt: promotedAt.toISOString(),
          },
        },
      ]);
    });
  }

  /** Undefined: the base's own mapper. (The pipeline gets it with its tasks: `CaptioningRepository.loadTasks`.) */
  champion(tenant: TenantId): Promise<MapperReference | undefined> {
    return this.database.forTenant(tenant, (rows) => championOf(rows, tenant));
  }

  /** Newest first. */
  async list(tenant: TenantId): Promise<MapperVersionView[]> {
    const rows = await this.database.forTenant(tenant, (tables) =>
      tables.mapperVersion.findMany({
        where: { tenantId: tenant },
        include: { promotions: { orderBy: { id: 'desc' }, take: 1 } },
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      }),
    );
    return rows.map((row) => ({ ...toView(row), promotedAt: row.promotions[0]?.promotedAt }));
  }
}

const toView = (row: MapperVersion): MapperVersionView => ({
  id: row.id,
  name: row.name,
  baseModel: row.baseModel,
  baseSha256: row.baseSha256,
  sha256: row.sha256,
  key: row.key,
  kind: row.kind as MapperDraft['kind'],
  figures: row.figures as Record<string, unknown>,
  createdAt: row.createdAt,
});
