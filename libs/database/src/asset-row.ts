import type { TenantId } from '@housestyle/domain';

/** Our own id of one version of one picture (`asset.id`), a UUID; not the DAM's `assetId`. */
export type AssetRowId = string;

/** A row leased to this worker until `leasedUntil`. Its outcome is only taken with the token. */
export interface Lease {
  readonly tenantId: TenantId;
  readonly assetRowId: AssetRowId;
  readonly leaseToken: string;
}

export interface LeasedAsset extends Lease {
  /** this attempt included; a crashed one counted */
  readonly attempts: number;
  /** more than MAX_ATTEMPTS leases: do not work on it again, fail it with `attempts_exhausted` */
  readonly isExhausted: boolean;
  readonly baseModel: string;
}
