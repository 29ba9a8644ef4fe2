import { EVENT_TYPES } from '@housestyle/contracts';
import { DomainError, type PromotionKind, type TenantId } from '@housestyle/domain';
import { PROMOTION_CHANNEL } from './channels.js';
import type { Transaction } from './database.js';
import { appendToOutbox } from './outbox-events.js';
import { storableJson, storableText } from './storable-text.js';

export interface PromotionDraft {
  /** undefined: the base's own */
  readonly mapperVersionId?: string;
  readonly reason: string;
  readonly kind: PromotionKind;
  readonly figures?: Readonly<Record<string, unknown>>;
  readonly promotedBy?: string;
  readonly trainingRunId?: string;
}

/** One promotion at a time of a tenant: whoever decides by what is champion now must still be right when it commits. */
export async function lockPromotions(rows: Transaction, tenant: TenantId): Promise<void> {
  await rows.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended('promotion ' || ${tenant}, 0))`;
}

/** The promotion's row, its event and its notification, in the caller's transaction. */
export async function insertPromotion(rows: Transaction, tenant: TenantId, draft: PromotionDraft): Promise<void> {
  const { mapperVersionId, kind, figures = {}, promotedBy, trainingRunId } = draft;
  if (mapperVersionId !== undefined) {
    const known = await rows.mapperVersion.count({ where: { tenantId: tenant, id: mapperVersionId } });
    if (known === 0) throw new DomainError('not_found', `no mapper version ${mapperVersionId}`);
  }
  const reason = storableText(draft.reason, 2000);
  const { id, promotedAt } = await rows.promotion.create({
    data: {
      tenantId: tenant,
      mapperVersionId: mapperVersionId ?? null,
      reason,
      kind,
      figures: JSON.parse(storableJson(figures)) as object,
      promotedBy: promotedBy ?? null,
      trainingRunId: trainingRunId ?? null,
    },
  });
  const payload = {
    tenantId: tenant,
    mapperVersionId: mapperVersionId ?? null,
    reason,
    promotedAt: promotedAt.toISOString(),
  };
  const notification = { channel: PROMOTION_CHANNEL, payload: `${tenant}:${id}` };
  await appendToOutbox(rows, tenant, [{ type: EVENT_TYPES.mapperPromoted, payload }], [notification]);
}
