import { DomainError, type MapperReference, type PromotionKind, type TenantId } from '@housestyle/domain';
import { championOf, predecessorOf } from './champion.js';
import type { Database, Transaction } from './database.js';
import type { MapperVersion, Prisma, Promotion } from './generated/client.js';
import { promotionSteps } from './learning.repository.js';
import { insertPromotion, lockPromotions, type PromotionDraft } from './promote.js';

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
  readonly promotion?: PromotionView;
  /** the run that made it; undefined: imported */
  readonly trainingRunId?: string;
}

/** How a mapper version became champion. */
export interface PromotionView {
  /** null: the base's own */
  readonly mapperVersionId: string | null;
  readonly kind: PromotionKind;
  readonly reason: string;
  readonly promotedBy?: string;
  readonly promotedAt: Date;
}

/** By whom and by what; what decides by who is champion says which that is. */
interface DecisionDetails extends Partial<Pick<PromotionDraft, 'promotedBy' | 'figures'>> {
  /** only while this version is champion; null: the base's own */
  readonly expected?: string | null;
}

/** A promotion with the name of what was promoted. */
export interface NamedPromotion extends PromotionView {
  /** undefined for the base's own */
  readonly mapperName?: string;
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
   * Makes a mapper version the champion; undefined is the base's own.
   * @throws DomainError `not_found` when the tenant has no such version, `conflict` when it was made for another base, or
   * the champion is not the expected one
   */
  async promote(
    tenant: TenantId,
    mapperVersionId: string | undefined,
    reason: string,
    { expected, ...details }: DecisionDetails = {},
  ): Promise<void> {
    await this.database.forTenant(tenant, async (rows) => {
      await lockPromotions(rows, tenant);
      await expectChampion(rows, tenant, expected);
      if (mapperVersionId !== undefined) {
        const version = await rows.mapperVersion.findFirst({ where: { tenantId: tenant, id: mapperVersionId } });
        const owner = await rows.tenant.findFirst({ where: { id: tenant } });
        if (version && version.baseModel !== owner?.baseModel) {
          const message = `${version.name} was made for the base model ${version.baseModel}, not ${owner?.baseModel}`;
          throw new DomainError('conflict', message);
        }
      }
      await insertPromotion(rows, tenant, { mapperVersionId, reason, kind: 'manual', ...details });
    });
  }

  /**
   * Goes back to what was champion before the present one: a promotion like any other. Twice goes back twice.
   * @returns the champion's id; null: the base's own
   * @throws DomainError `conflict` when there is nothing before it, or the champion is not the expected one
   */
  rollback(
    tenant: TenantId,
    reason: string,
    { isAutomatic = false, expected, ...details }: DecisionDetails & { readonly isAutomatic?: boolean } = {},
  ): Promise<string | null> {
    return this.database.forTenant(tenant, async (rows) => {
      await lockPromotions(rows, tenant);
      await expectChampion(rows, tenant, expected);
      const target = predecessorOf(await promotionSteps(rows, tenant));
      if (!target) throw new DomainError('conflict', 'there is no earlier champion to go back to');
      const kind = isAutomatic ? 'automatic_rollback' : 'rollback';
      const mapperVersionId = target.mapperVersionId ?? undefined;
      await insertPromotion(rows, tenant, { mapperVersionId, reason, kind, ...details });
      return target.mapperVersionId;
    });
  }

  /** The latest promotion, whatever it was; undefined when there has been none. */
  async latestPromotion(tenant: TenantId): Promise<PromotionView | undefined> {
    const row = await this.database.forTenant(tenant, (rows) =>
      rows.promotion.findFirst({ where: { tenantId: tenant }, orderBy: { id: 'desc' } }),
    );
    return row ? toPromotionView(row) : undefined;
  }

  /** Newest first. */
  async promotions(tenant: TenantId, limit: number): Promise<NamedPromotion[]> {
    const rows = await this.database.forTenant(tenant, (tables) =>
      tables.promotion.findMany({
        where: { tenantId: tenant },
        include: { mapperVersion: { select: { name: true } } },
        orderBy: { id: 'desc' },
        take: limit,
      }),
    );
    return rows.map((row) => ({ ...toPromotionView(row), mapperName: row.mapperVersion?.name }));
  }

  /** Where a rollback would lead; undefined when there is nothing before the champion. */
  rollbackTarget(tenant: TenantId): Promise<{ readonly id: string | null; readonly name?: string } | undefined> {
    return this.database.forTenant(tenant, async (rows) => {
      const target = predecessorOf(await promotionSteps(rows, tenant));
      if (!target?.mapperVersionId) return target && { id: null };
      return rows.mapperVersion.findFirstOrThrow({
        where: { tenantId: tenant, id: target.mapperVersionId },
        select: { id: true, name: true },
      });
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
        include: {
          promotions: { orderBy: { id: 'desc' }, take: 1 },
          trainedIn: { select: { id: true }, orderBy: { requestedAt: 'asc' }, take: 1 },
        },
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      }),
    );
    return rows.map((row) => {
      const promotion = row.promotions[0] && toPromotionView(row.promotions[0]);
      return { ...toView(row), promotedAt: promotion?.promotedAt, promotion, trainingRunId: row.trainedIn[0]?.id };
    });
  }
}

/**
 * In the transaction that holds the promotions' lock.
 * @param expected undefined: whoever it is
 */
async function expectChampion(rows: Transaction, tenant: TenantId, expected: string | null | undefined): Promise<void> {
  const id = (await championOf(rows, tenant))?.id ?? null;
  if (expected === undefined || id === expected) return;
  const version = id === null ? undefined : await rows.mapperVersion.findFirst({ where: { tenantId: tenant, id } });
  const name = version?.name ?? 'the base model’s own mapper';
  throw new DomainError('conflict', `${name} writes by now, so nothing was changed`);
}

const toPromotionView = (row: Promotion): PromotionView => ({
  mapperVersionId: row.mapperVersionId,
  kind: row.kind,
  reason: row.reason,
  promotedBy: row.promotedBy ?? undefined,
  promotedAt: row.promotedAt,
});

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
