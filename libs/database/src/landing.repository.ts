import { isStorable } from '@housestyle/contracts';
import { tenantId, type Upload } from '@housestyle/domain';
import type { Database, Transaction } from './database.js';
import { LANDED_CHANNEL } from './channels.js';
import type { AssetRowId } from './asset-row.js';
import { countUse, openQuotas, refuseToWait, type OpenQuota } from './quota.js';

export interface LandedAsset {
  readonly id: AssetRowId;
  readonly upload: Upload;
  /** over its tenant's quota: it waits for a later day, with the code `quota_exceeded` */
  readonly isWaiting: boolean;
}

export interface LandingOptions {
  /** Over a tenant's quota: `wait` for the next day with a place, or `refuse` the whole call. */
  readonly overQuota?: 'wait' | 'refuse';
}

/** What became of each upload; every one is counted exactly once. */
export interface Landing {
  readonly landed: readonly LandedAsset[];
  /** how many were here already, or came twice in this call */
  readonly duplicates: number;
  readonly unknownTenants: readonly Upload[];
  /** uploads no row can hold: a NUL or half a surrogate pair, or a name over 1,024 bytes */
  readonly unstorable: readonly Upload[];
}

interface LandingRow {
  readonly id: AssetRowId | null;
  readonly position: number;
  readonly tenant_known: boolean;
  /** null: due at once */
  readonly due_at: Date | null;
}

const MAX_NAME_BYTES = 1024;

/** Uploads become rows; nothing else happens here, so that a broker's offset can follow at once. */
export class LandingRepository {
  constructor(private readonly database: Database) {}

  /**
   * Lands any number of uploads of any tenants in one statement. The same (tenant, asset, version) again
   * changes nothing; an upload that cannot land never keeps the others from landing.
   * @throws LimitError `quota_exceeded` when told to refuse what is over a quota; nothing has landed then
   */
  async land(uploads: readonly Upload[], { overQuota = 'wait' }: LandingOptions = {}): Promise<Landing> {
    const storable = uploads.filter(isLandable);
    const rows = storable.length > 0 ? await this.insert(storable, overQuota === 'refuse') : [];
    const landed = rows.flatMap(({ id, position, due_at }) =>
      id ? [{ id, upload: storable[position]!, isWaiting: due_at !== null }] : [],
    );
    const unknownTenants = rows.filter((row) => !row.tenant_known).map(({ position }) => storable[position]!);
    return {
      landed,
      duplicates: storable.length - landed.length - unknownTenants.length,
      unknownTenants,
      unstorable: uploads.filter((upload) => !isLandable(upload)),
    };
  }

  private insert(uploads: readonly Upload[], isRefusing: boolean): Promise<LandingRow[]> {
    return this.database.acrossTenants(async (rows) => {
      const quotas = await openQuotas(rows, [...new Set(uploads.map((upload) => upload.tenantId))]);
      const landing = await insert(rows, uploads, quotas);
      if (isRefusing) refuseToWait(landing.map(({ due_at }) => due_at));
      const landed = landing.filter(({ id }) => id !== null).map(({ position }) => uploads[position]!);
      await countUse(rows, quotas, landed);
      return landing;
    });
  }
}

/** Ordered, so that two landings of the same assets wait for each other instead of deadlocking. */
function insert(rows: Transaction, uploads: readonly Upload[], quotas: readonly OpenQuota[]): Promise<LandingRow[]> {
  const records = JSON.stringify(uploads.map(toRecord));
  return rows.$queryRaw<LandingRow[]>`
    WITH upload AS (
      SELECT u.*, t.id IS NOT NULL AS tenant_known
      FROM jsonb_to_recordset(${records}::jsonb) AS u(
        position int, tenant_id uuid, asset_id text, version text,
        uri text, content_type text, sha256 text, context jsonb)
      LEFT JOIN tenant t ON t.id = u.tenant_id
    ), place AS (
      -- of what is new of tenants with a quota, in the order it came
      SELECT fresh.position, quota.assets_per_day, quota.day - quota.today
        + (quota.used + row_number() OVER (PARTITION BY tenant_id ORDER BY fresh.position) - 1)::int
        / quota.assets_per_day AS days_ahead, quota.today
      FROM (SELECT DISTINCT ON (tenant_id, asset_id, version) * FROM upload
        ORDER BY tenant_id, asset_id, version, position) AS fresh
      JOIN jsonb_to_recordset(${JSON.stringify(quotas)}::jsonb) AS quota(
        tenant_id uuid, assets_per_day int, day date, today date, used int) USING (tenant_id)
      WHERE NOT EXISTS (SELECT FROM asset
        WHERE (asset.tenant_id, asset.asset_id, asset.version) = (fresh.tenant_id, fresh.asset_id, fresh.version))
    ), later AS (
      SELECT position, (today + days_ahead)::timestamp AT TIME ZONE 'UTC' AS due_at,
        format('over the quota of %s assets a day: its turn is on %s', assets_per_day, today + days_ahead) AS message
      FROM place WHERE days_ahead > 0
    ), landed AS (
      INSERT INTO asset (tenant_id, asset_id, version, uri, content_type, sha256, context,
        next_attempt_at, error_code, error_message)
      SELECT tenant_id, asset_id, version, uri, content_type, sha256, context,
        coalesce(due_at, now()), CASE WHEN due_at IS NOT NULL THEN 'quota_exceeded' END, message
      FROM upload LEFT JOIN later USING (position)
      WHERE tenant_known ORDER BY tenant_id, asset_id, version, position
      ON CONFLICT (tenant_id, asset_id, version) DO NOTHING
      RETURNING id, tenant_id, asset_id, version
    ), notified AS (
      SELECT pg_notify(${LANDED_CHANNEL}, '') FROM landed LIMIT 1
    )
    SELECT DISTINCT ON (coalesce(landed.id::text, upload.position::text))
      landed.id, upload.position, upload.tenant_known, later.due_at
    FROM upload LEFT JOIN landed USING (tenant_id, asset_id, version)
    LEFT JOIN later USING (position)
    LEFT JOIN notified ON true
    ORDER BY coalesce(landed.id::text, upload.position::text), upload.position`;
}

const toRecord = (upload: Upload, position: number) => ({
  position,
  tenant_id: tenantId(upload.tenantId),
  asset_id: upload.assetId,
  version: upload.version,
  uri: upload.uri,
  content_type: upload.contentType,
  sha256: upload.sha256,
  context: upload.context ?? {},
});

function isLandable(upload: Upload): boolean {
  return isName(upload.assetId) && isName(upload.version) && isStorable(upload);
}

const isName = (name: string): boolean => name.length > 0 && Buffer.byteLength(name) <= MAX_NAME_BYTES;
