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
import type { Notification } from './notify.js';

type Types = typeof EVENT_TYPES;

/** An event of one asset, or of the tenant as a whole when there is no `assetId`. */
export type OutboxEntry =
  | { readonly type: Types['captionSuggested']; readonly assetId: string; readonly payload: CaptionSuggested }
  | { readonly type: Types['captionReviewed']; readonly assetId: string; readonly payload: CaptionReviewed }
  | { readonly type: Types['assetFailed']; readonly assetId: string; readonly payload: AssetFailed }
  | { readonly type: Types['mapperPromoted']; readonly assetId?: undefined; readonly payload: MapperPromoted };

/** Queues events in the caller's transaction: they are published, sent to webhooks, and heard of if it commits. */
export async function appendToOutbox(
  rows: Transaction,
  tenant: TenantId,
  entries: readonly OutboxEntry[],
  notifications: readonly Notification[] = [],
): Promise<void> {
  if (entries.length === 0) return;
  const events = entries.map(({ type, assetId, payload }) => ({
    type,
    key: assetId === undefined ? tenant : eventKey(tenant, assetId),
    payload,
  }));
  const heard = [{ channel: OUTBOX_CHANNEL, payload: '' }, ...notifications];
  await rows.$executeRaw`
    WITH event AS (
      INSERT INTO outbox (tenant_id, type, key, payload)
      SELECT ${tenant}::uuid, type, key, payload
      FROM jsonb_to_recordset(${JSON.stringify(events)}::jsonb) AS event(type text, key text, payload jsonb)
      RETURNING id, type
    ), listener AS (
      -- locked, or one that is deleted right now would undo what is told of
      SELECT id, event_types FROM webhook WHERE tenant_id = ${tenant}::uuid AND disabled_at IS NULL FOR KEY SHARE
    ), delivery AS (
      INSERT INTO webhook_delivery (tenant_id, webhook_id, outbox_id)
      SELECT ${tenant}::uuid, listener.id, event.id FROM event JOIN listener ON event.type = ANY(listener.event_types)
    )
    SELECT pg_notify(channel, payload)
    FROM jsonb_to_recordset(${JSON.stringify(heard)}::jsonb) AS heard(channel text, payload text)`;
}
