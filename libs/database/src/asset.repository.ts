import type { AssetKey, AssetStatus, TenantId } from '@housestyle/domain';
import type { AssetRowId } from './asset-row.js';
import { decodeCursor, toPage, type Page, type PageRequest } from './cursor.js';
import type { Database } from './database.js';
import type { Prisma } from './generated/client.js';

export interface AssetView extends AssetKey {
  readonly id: AssetRowId;
  readonly status: AssetStatus;
  readonly uri: string;
  readonly contentType?: string;
  readonly sha256?: string;
  readonly context: Readonly<Record<string, unknown>>;
  readonly attempts: number;
  readonly error?: { readonly code: string; readonly message: string };
  readonly width?: number;
  readonly height?: number;
  readonly hasPreview: boolean;
  readonly receivedAt: Date;
  /** when it was captioned, failed, or received: the last change of its status */
  readonly updatedAt: Date;
}

export interface PreviewBytes {
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

const WITH_PREVIEW = { preview: { select: { assetRowId: true } } } as const;
type AssetRow = Prisma.AssetGetPayload<{ include: typeof WITH_PREVIEW }>;

export class AssetRepository {
  constructor(private readonly database: Database) {}

  /** Newest first. */
  async list(
    tenant: TenantId,
    { limit, cursor, status }: PageRequest & { status?: AssetStatus },
  ): Promise<Page<AssetView>> {
    const rows = await this.database.forTenant(tenant, (tables) =>
      tables.asset.findMany({
        where: { tenantId: tenant, status, ...(cursor === undefined ? {} : olderThan(cursor)) },
        include: WITH_PREVIEW,
        orderBy: [{ receivedAt: 'desc' }, { id: 'desc' }],
        take: limit + 1,
      }),
    );
    return toPage(rows, limit, toView, ({ receivedAt, id }) => ({ at: receivedAt, id }));
  }

  async get(tenant: TenantId, id: AssetRowId): Promise<AssetView | undefined> {
    return this.first(tenant, { tenantId: tenant, id });
  }

  /** By the DAM's own key. */
  async find({ tenantId, assetId, version }: AssetKey): Promise<AssetView | undefined> {
    return this.first(tenantId, { tenantId, assetId, version });
  }

  async preview(tenant: TenantId, id: AssetRowId): Promise<PreviewBytes | undefined> {
    const preview = await this.database.forTenant(tenant, (tables) =>
      tables.preview.findFirst({
        where: { tenantId: tenant, assetRowId: id },
        select: { contentType: true, bytes: true },
      }),
    );
    return preview ?? undefined;
  }

  async countByStatus(tenant: TenantId): Promise<Record<AssetStatus, number>> {
    const groups = await this.database.forTenant(tenant, (tables) =>
      tables.asset.groupBy({ by: 'status', where: { tenantId: tenant }, _count: true }),
    );
    const counts = { received: 0, captioned: 0, failed: 0 };
    for (const group of groups) counts[group.status] = group._count;
    return counts;
  }

  private async first(tenant: TenantId, where: Prisma.AssetWhereInput): Promise<AssetView | undefined> {
    const row = await this.database.forTenant(tenant, (tables) =>
      tables.asset.findFirst({ where, include: WITH_PREVIEW }),
    );
    return row ? toView(row) : undefined;
  }
}

function olderThan(cursor: string): Prisma.AssetWhereInput {
  const { at, id } = decodeCursor(cursor);
  // the first bound is implied by the second; it is the one the index can start from
  return { receivedAt: { lte: at }, OR: [{ receivedAt: { lt: at } }, { receivedAt: at, id: { lt: id } }] };
}

function toView(row: AssetRow): AssetView {
  return {
    id: row.id,
    tenantId: row.tenantId as TenantId,
    assetId: row.assetId,
    version: row.version,
    status: row.status,
    uri: row.uri,
    contentType: row.contentType ?? undefined,
    sha256: row.sha256 ?? undefined,
    context: row.context as Record<string, unknown>,
    attempts: row.attempts,
    error: row.errorCode === null ? undefined : { code: row.errorCode, message: row.errorMessage ?? '' },
    width: row.width ?? undefined,
    height: row.height ?? undefined,
    hasPreview: row.preview !== null,
    receivedAt: row.receivedAt,
    updatedAt: row.captionedAt ?? row.failedAt ?? row.receivedAt,
  };
}
