import { EVENT_TYPES } from '@housestyle/contracts';
import { DomainError, type ReviewDecision, type TenantId } from '@housestyle/domain';
import { REVIEW_CHANNEL } from './channels.js';
import type { Database, Transaction } from './database.js';
import { appendToOutbox } from './outbox-events.js';
import { storableText } from './storable-text.js';
import { standingText, SUGGESTION_PARTS, toSuggestionView, type SuggestionView } from './suggestion-view.js';

export type ReviewDraft = {
  readonly durationMs?: number;
  /** who decided: the name of the API key, or what the DAM calls its editor */
  readonly editor?: string;
} & (
  | { readonly decision: Exclude<ReviewDecision, 'corrected'> }
  | { readonly decision: 'corrected'; readonly text: string }
);

/** The row as the upsert leaves it. */
interface StoredReview {
  readonly id: string;
  readonly decision: ReviewDecision | null;
  readonly text: string | null;
  readonly revision: number;
  readonly updated_at: Date;
}

/** What editors decide. One decision stands per suggestion; every change of it is an event. */
export class ReviewRepository {
  constructor(private readonly database: Database) {}

  /**
   * Records a decision; a later one replaces it, and the same one again changes nothing.
   * @returns the suggestion as it stands now; undefined when this tenant has none of that id
   */
  decide(tenant: TenantId, suggestionId: string, draft: ReviewDraft): Promise<SuggestionView | undefined> {
    return this.database.forTenant(tenant, async (rows) => {
      await keepFromErasure(rows, tenant, suggestionId);
      const suggestion = await find(rows, tenant, suggestionId);
      if (!suggestion) return undefined;
      const [review] = await upsert(rows, tenant, suggestionId, draft);
      if (review) await announce(rows, tenant, suggestion, review);
      return find(rows, tenant, suggestionId);
    });
  }

  /** Takes the decision back: the suggestion waits again. @returns false when there was none */
  withdraw(tenant: TenantId, suggestionId: string): Promise<boolean> {
    return this.database.forTenant(tenant, async (rows) => {
      const suggestion = await find(rows, tenant, suggestionId);
      if (!suggestion) return false;
      const [review] = await rows.$queryRaw<StoredReview[]>`
        UPDATE review SET decision = NULL, text = NULL, revision = revision + 1, updated_at = now()
        WHERE tenant_id = ${tenant}::uuid AND suggestion_id = ${suggestionId}::uuid AND decision IS NOT NULL
        RETURNING id, decision, text, revision, updated_at`;
      if (!review) return false;
      await announce(rows, tenant, suggestion, review);
      return true;
    });
  }
}

async function find(rows: Transaction, tenant: TenantId, id: string): Promise<SuggestionView | undefined> {
  const row = await rows.suggestion.findFirst({
    where: { tenantId: tenant, id, erasedAt: null },
    include: SUGGESTION_PARTS,
  });
  return row ? toSuggestionView(row) : undefined;
}

/** Until the transaction ends: a correction must not arrive in a row that was emptied a moment ago. */
async function keepFromErasure(rows: Transaction, tenant: TenantId, id: string): Promise<void> {
  await rows.$executeRaw`
    SELECT 1 FROM suggestion WHERE tenant_id = ${tenant}::uuid AND id = ${id}::uuid FOR SHARE`;
}

/** No row comes back when the same decision stood already. */
function upsert(
  rows: Transaction,
  tenant: TenantId,
  suggestionId: string,
  draft: ReviewDraft,
): Promise<StoredReview[]> {
  const text = draft.decision === 'corrected' ? storableText(draft.text) : null;
  if (text === '') throw new DomainError('invalid_request', 'a correction needs a text');
  return rows.$queryRaw<StoredReview[]>`
    INSERT INTO review (tenant_id, suggestion_id, decision, text, duration_ms, editor)
    VALUES (${tenant}::uuid, ${suggestionId}::uuid, ${draft.decision}::review_decision, ${text}::text,
      ${draft.durationMs ?? null}::int, ${draft.editor ?? null}::text)
    ON CONFLICT (tenant_id, suggestion_id) DO UPDATE SET
      decision = excluded.decision, text = excluded.text, duration_ms = excluded.duration_ms,
      editor = excluded.editor, revision = review.revision + 1, updated_at = now()
    WHERE (review.decision, review.text) IS DISTINCT FROM (excluded.decision, excluded.text)
    RETURNING id, decision, text, revision, updated_at`;
}

async function announce(
  rows: Transaction,
  tenant: TenantId,
  suggestion: SuggestionView,
  review: StoredReview,
): Promise<void> {
  const { assetId, version } = suggestion.asset;
  const caption = review.decision && standingText(review.decision, suggestion.text, review.text);
  const event = {
    type: EVENT_TYPES.captionReviewed,
    assetId,
    payload: {
      tenantId: tenant,
      assetId,
      version,
      suggestionId: suggestion.id,
      reviewId: review.id,
      decision: review.decision ?? ('withdrawn' as const),
      caption: caption ?? null,
      revision: review.revision,
      reviewedAt: review.updated_at.toISOString(),
    },
  };
  const notification = { channel: REVIEW_CHANNEL, payload: `${tenant}:${suggestion.id}` };
  await appendToOutbox(rows, tenant, [event], [notification]);
}
