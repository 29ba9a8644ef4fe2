import type { ReviewDecision, TenantId } from '@housestyle/domain';
import type { AssetRowId } from './asset-row.js';
import { decodeCursor, toPage, type Page, type PageRequest } from './cursor.js';
import type { Database } from './database.js';
import type { Prisma } from './generated/client.js';
import { SUGGESTION_PARTS, toSuggestionView, type SuggestionView } from './suggestion-view.js';

/** `pending` until a person decides. */
export type SuggestionState = 'pending' | ReviewDecision;

export interface SuggestionRequest extends PageRequest {
  /** absent: any */
  readonly state?: SuggestionState;
}

export class SuggestionRepository {
  constructor(private readonly database: Database) {}

  /** Newest first. */
  async list(tenant: TenantId, { limit, cursor, state }: SuggestionRequest): Promise<Page<SuggestionView>> {
    const rows = await this.find(tenant, [state && inState(state), cursor && olderThan(cursor)], limit + 1);
    return toPage(rows, limit, toSuggestionView, ({ createdAt, id }) => ({ at: createdAt, id }));
  }

  async get(tenant: TenantId, id: string): Promise<SuggestionView | undefined> {
    const [row] = await this.find(tenant, [{ id }], 1);
    return row && toSuggestionView(row);
  }

  /** Every suggestion of one asset, newest first. */
  async ofAsset(tenant: TenantId, assetRowId: AssetRowId): Promise<SuggestionView[]> {
    const rows = await this.find(tenant, [{ assetRowId }]);
    return rows.map(toSuggestionView);
  }

  /** The assets of these suggestions that have a preview, by suggestion. */
  async previewsOf(tenant: TenantId, ids: readonly string[]): Promise<ReadonlyMap<string, AssetRowId>> {
    const rows = await this.database.forTenant(tenant, (tables) =>
      tables.suggestion.findMany({
        where: { tenantId: tenant, id: { in: [...ids] }, asset: { preview: { isNot: null } } },
        select: { id: true, assetRowId: true },
      }),
    );
    return new Map(rows.map(({ id, assetRowId }) => [id, assetRowId]));
  }

  async countByState(tenant: TenantId): Promise<Record<SuggestionState, number>> {
    return this.database.forTenant(tenant, async (tables) => {
      const all = await tables.suggestion.count({ where: { tenantId: tenant, erasedAt: null } });
      const groups = await tables.review.groupBy({ by: 'decision', where: { tenantId: tenant }, _count: true });
      const counts = { pending: all, accepted: 0, corrected: 0, rejected: 0 };
      for (const { decision, _count } of groups) {
        if (!decision) continue;
        counts[decision] = _count;
        counts.pending -= _count;
      }
      return counts;
    });
  }

  private find(tenant: TenantId, filters: readonly (Prisma.SuggestionWhereInput | '' | undefined)[], take?: number) {
    return this.database.forTenant(tenant, (tables) =>
      tables.suggestion.findMany({
        where: { tenantId: tenant, erasedAt: null, AND: filters.filter((filter) => !!filter) },
        include: SUGGESTION_PARTS,
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        take,
      }),
    );
  }
}

function inState(state: SuggestionState): Prisma.SuggestionWhereInput {
  if (state !== 'pending') return { review: { is: { decision: state } } };
  return { OR: [{ review: { is: null } }, { review: { is: { decision: null } } }] };
}

function olderThan(cursor: string): Prisma.SuggestionWhereInput {
  const { at, id } = decodeCursor(cursor);
  // the first bound is implied by the second; it is the one the index can start from
  return { createdAt: { lte: at }, OR: [{ createdAt: { lt: at } }, { createdAt: at, id: { lt: id } }] };
}
