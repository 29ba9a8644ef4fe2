import {
  eventKey,
  type AssetFailed,
  type CaptionReviewed,
  type CaptionSuggested,
  type EVENT_TYPES,
  type MapperPromoted,
} from '@housestyle/contracts';
import type { TenantId } from '@housestyle/domain';
import { OUTBOX_CHANNEL } from './channels.js';
import type { Transaction } from './database.js';

type Types = typeof EVENT_TYPES;

/** An event of one asset, or of the tenant as a whole when there is no `assetId`. */
export type OutboxEntry =
  | { readonly type: Types['captionSuggested']; readonly assetId: string; readonly payload: CaptionSuggested }
  | { readonly type: Types['captionReviewed']; readonly assetId: string; readonly payload: CaptionReviewed }
  | { readonly type: Types['assetFailed']; readonly assetId: string; readonly payload: AssetFailed }
  | { readonly type: Types['mapperPromoted']; readonly assetId?: undefined; readonly payload: MapperPromoted };

/** Queues events in the caller's transaction: they are published if, and only if, it commits. */
export async function appendToOutbox(
  rows: Transaction,
  tenant: TenantId,
  entries: readonly OutboxEntry[],
): Promise<void> {
  if (entries.length === 0) return;
  await rows.outboxEvent.createMany({
    data: entries.map(({ type, assetId, payload }) => ({
      tenantId: tenant,
      type,
      key: assetId === undefined ? tenant : eventKey(tenant, assetId),
      payload,
    })),
  });
  await rows.$executeRaw`SELECT pg_notify(${OUTBOX_CHANNEL}, '')`;
}
