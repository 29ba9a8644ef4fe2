import { isStorable } from '@housestyle/contracts';
import { tenantId, type Upload } from '@housestyle/domain';
import type { Database } from './database.js';
import { LANDED_CHANNEL } from './channels.js';
import type { AssetRowId } from './asset-row.js';

export interface LandedAsset {
  readonly id: AssetRowId;
  readonly upload: Upload;
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
}

const MAX_NAME_BYTES = 1024;

/** Uploads become rows; nothing else happens here, so that a broker's offset can follow at once. */
export class LandingRepository {
  constructor(private readonly database: Database) {}

  /**
   * Lands any number of uploads of any tenants in one statement. The same (tenant, asset, version) again
   * changes nothing; an upload that cannot land never keeps the others from landing.
   */
  async land(uploads: readonly Upload[]): Promise<Landing> {
    const storable = uploads.filter(isLandable);
    const rows = storable.length > 0 ? await this.insert(storable) : [];
    const landed = rows.flatMap(({ id, position }) => (id ? [{ id, upload: storable[position]! }] : []));
    const unknownTenants = rows.filter((row) => !row.tenant_known).map(({ position }) => storable[position]!);
    return {
      landed,
      duplicates: storable.length - landed.length - unknownTenants.length,
      unknownTenants,
      unstorable: uploads.filter((upload) => !isLandable(upload)),
    };
  }

  private insert(uploads: readonly Upload[]): Promise<LandingRow[]> {
    const records = JSON.stringify(uploads.map(toRecord));
    // ordered, so that two landings of the same assets wait for each other instead of deadlocking
    return this.database.acrossTenants(
      (rows) => rows.$queryRaw<LandingRow[]>`
      WITH upload AS (
        SELECT u.*, t.id IS NOT NULL AS tenant_known
        FROM jsonb_to_recordset(${records}::jsonb) AS u(
          position int, tenant_id uuid, asset_id text, version text,
          uri text, content_type text, sha256 text, context jsonb)
        LEFT JOIN tenant t ON t.id = u.tenant_id
      ), landed AS (
        INSERT INTO asset (tenant_id, asset_id, version, uri, content_type, sha256, context)
        SELECT tenant_id, asset_id, version, uri, content_type, sha256, context
        FROM upload WHERE tenant_known ORDER BY tenant_id, asset_id, version, position
        ON CONFLICT (tenant_id, asset_id, version) DO NOTHING
        RETURNING id, tenant_id, asset_id, version
      ), notified AS (
        SELECT pg_notify(${LANDED_CHANNEL}, '') FROM landed LIMIT 1
      )
      SELECT DISTINCT ON (coalesce(landed.id::text, upload.position::text))
        landed.id, upload.position, upload.tenant_known
      FROM upload LEFT JOIN landed USING (tenant_id, asset_id, version)
      LEFT JOIN notified ON true
      ORDER BY coalesce(landed.id::text, upload.position::text), upload.position`,
    );
  }
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
