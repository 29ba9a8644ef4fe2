import type { TenantId } from './tenant-id.js';

/** An asset is one version of one picture of one tenant; the triple is unique. */
export interface AssetKey {
  readonly tenantId: TenantId;
  readonly assetId: string;
  readonly version: string;
}

/** An upload as it lands, whatever brought it (Kafka event, S3 notification, HTTP). */
export interface Upload extends AssetKey {
  /** `file:`, `http(s):` or `s3:`. */
  readonly uri: string;
  readonly contentType?: string;
  /** lower-case hex; checked against the fetched bytes. */
  readonly sha256?: string;
  readonly context?: Readonly<Record<string, unknown>>;
}

/**
 * received ──▶ captioned
 *     │  ▲
 *     │  └── retry: attempts + 1, not before nextAttemptAt
 *     └────▶ failed (a permanent code, or attempts exhausted)
 *
 * A leased asset is still `received`; the lease is a deadline and a token, not a state.
 */
export const ASSET_STATUSES = ['received', 'captioned', 'failed'] as const;
export type AssetStatus = (typeof ASSET_STATUSES)[number];

export const MAX_ATTEMPTS = 5;

/** Milliseconds to wait after the `attempts`-th failed attempt (1-based): 2 s, 8 s, 32 s, …, at most 10 min, ± 20 %. */
export function backoffMs(attempts: number, random: () => number = Math.random): number {
  const base = Math.min(2_000 * 4 ** (attempts - 1), 600_000);
  return Math.round(base * (0.8 + 0.4 * random()));
}
