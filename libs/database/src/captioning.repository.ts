import { EVENT_TYPES } from '@housestyle/contracts';
import { BASE_MAPPER_ID, type AssetKey, type ErrorCode, type Hypothesis, type TenantId } from '@housestyle/domain';
import type { AssetRowId, Lease } from './asset-row.js';
import { FAILURE_CHANNEL, SUGGESTION_CHANNEL } from './channels.js';
import { writersOf, type Writers } from './champion.js';
import type { Database, Transaction } from './database.js';
import { appendToOutbox, type OutboxEntry } from './outbox-events.js';
import { storableText } from './storable-text.js';

/** What it takes to caption an asset. */
export interface CaptioningTask extends AssetKey {
  readonly assetRowId: AssetRowId;
  readonly uri: string;
  readonly contentType?: string;
  readonly sha256?: string;
  /** of the picture, one for each base that has seen it: with one, the picture itself is not needed again */
  readonly embeddings: readonly StoredEmbedding[];
}

export interface StoredEmbedding {
  readonly baseSha256: string;
  /** CLIP's projected feature, float32 little-endian */
  readonly values: Uint8Array;
}

export interface TenantTasks extends Writers {
  readonly tasks: readonly CaptioningTask[];
}

/** Everything one captioned picture leaves behind. */
export interface Completion {
  readonly assetRowId: AssetRowId;
  readonly leaseToken: string;
  readonly baseModel: string;
  readonly baseSha256: string;
  /** CLIP's projected feature, float32 little-endian */
  readonly embedding: Uint8Array;
  /** undefined: made from the stored embedding; what is known of the picture stays as it is */
  readonly preview?: {
    readonly contentType: string;
    readonly width: number;
    readonly height: number;
    readonly bytes: Uint8Array;
  };
  /** of the picture itself, upright; undefined with the preview */
  readonly width?: number;
  readonly height?: number;
  /** `base`, or the id of the mapper version that made the hypotheses */
  readonly mapperId: string;
  /** `generationKey(settings)` */
  readonly generationKey: string;
  /** best first, at least one */
  readonly hypotheses: readonly Hypothesis[];
}

export interface Completed {
  readonly completed: readonly AssetRowId[];
  /** leases that ended, or were taken over, before their outcome came: nothing was written for them */
  readonly lost: readonly AssetRowId[];
}

export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
}

interface OwnedAsset {
  readonly id: AssetRowId;
  readonly asset_id: string;
  readonly version: string;
}

const MAX_MESSAGE_LENGTH = 2000;

/** The outcomes of leased assets, as the app role: each is one transaction and needs the lease's token. */
export class CaptioningRepository {
  constructor(private readonly database: Database) {}

  /** What the pipeline needs to know about leased assets of one tenant, the mappers that write for it included. */
  loadTasks(tenant: TenantId, assetRowIds: readonly AssetRowId[]): Promise<TenantTasks> {
    return this.database.forTenant(tenant, async (rows) => {
      const assets = await rows.asset.findMany({
        where: { tenantId: tenant, id: { in: [...assetRowIds] } },
        include: { embeddings: true },
      });
      return {
        ...(await writersOf(rows, tenant)),
        tasks: assets.map((asset) => ({
          tenantId: tenant,
          assetRowId: asset.id,
          assetId: asset.assetId,
          version: asset.version,
          uri: asset.uri,
          contentType: asset.contentType ?? undefined,
          sha256: asset.sha256 ?? undefined,
          embeddings: asset.embeddings.map(({ baseSha256, values }) => ({ baseSha256, values })),
        })),
      };
    });
  }

  /** One asset; see `completeMany`. @returns whether the lease was still ours */
  async complete(tenant: TenantId, completion: Completion): Promise<boolean> {
    const { completed } = await this.completeMany(tenant, [completion]);
    return completed.length === 1;
  }

  /**
   * Writes the outcome of a tenant's batch in one transaction: embedding, preview, suggestion, the asset's
   * state, the events, the wake-up of the page. An asset captioned twice keeps its first suggestion.
   */
  completeMany(tenant: TenantId, completions: readonly Completion[]): Promise<Completed> {
    const outcomes = new Map(completions.map((completion) => [completion.assetRowId, toOutcome(completion)]));
    return this.database.forTenant(tenant, async (rows) => {
      const stored = await store(rows, tenant, [...outcomes.values()]);
      const fresh = stored.filter(isNewSuggestion);
      await appendToOutbox(
        rows,
        tenant,
        fresh.map((asset) => suggestedEvent(tenant, asset, outcomes.get(asset.id)!)),
        fresh.map(({ suggestion_id }) => ({ channel: SUGGESTION_CHANNEL, payload: `${tenant}:${suggestion_id}` })),
      );
      const completed = new Set(stored.map(({ id }) => id));
      const lost = [...outcomes.keys()].filter((id) => !completed.has(id));
      return { completed: [...completed], lost };
    });
  }

  /** The asset will never be captioned. @returns whether the lease was still ours */
  fail(tenant: TenantId, lease: Lease, { code, message }: Failure): Promise<boolean> {
    const text = storableText(message, MAX_MESSAGE_LENGTH);
    return this.database.forTenant(tenant, async (rows) => {
      const [asset] = await rows.$queryRaw<(OwnedAsset & { failed_at: Date })[]>`
        UPDATE asset SET status = 'failed', failed_at = now(), error_code = ${code}, error_message = ${text},
          lease_token = NULL, leased_until = NULL, leased_by = NULL
        WHERE tenant_id = ${tenant}::uuid AND id = ${lease.assetRowId}::uuid
          AND lease_token = ${lease.leaseToken}::uuid AND status = 'received'
        RETURNING id, asset_id, version, failed_at`;
      if (!asset) return false;
      const event = {
        type: EVENT_TYPES.assetFailed,
        assetId: asset.asset_id,
        payload: {
          tenantId: tenant,
          assetId: asset.asset_id,
          version: asset.version,
          code,
          message: text,
          failedAt: asset.failed_at.toISOString(),
        },
      };
      const notification = { channel: FAILURE_CHANNEL, payload: `${tenant}:${asset.id}` };
      await appendToOutbox(rows, tenant, [event], [notification]);
      return true;
    });
  }

  /** The attempt failed for now; the asset is due again at `nextAttemptAt`. @returns whether the lease was still ours */
  async retryLater(tenant: TenantId, lease: Lease, { code, message }: Failure, nextAttemptAt: Date): Promise<boolean> {
    const updated = await this.database.forTenant(tenant, (rows) =>
      rows.asset.updateMany({
        where: { tenantId: tenant, id: lease.assetRowId, leaseToken: lease.leaseToken, status: 'received' },
        data: {
          nextAttemptAt,
          errorCode: code,
          errorMessage: storableText(message, MAX_MESSAGE_LENGTH),
          leaseToken: null,
          leasedUntil: null,
          leasedBy: null,
        },
      }),
    );
    return updated.count === 1;
  }
}

/** A completion as one record of the statement below. */
type Outcome = ReturnType<typeof toOutcome>;

/** An asset that is captioned now; without a suggestion when it had this one already. */
interface StoredOutcome extends OwnedAsset {
  readonly suggestion_id: string | null;
  readonly created_at: Date | null;
}
type NewSuggestion = StoredOutcome & { readonly suggestion_id: string; readonly created_at: Date };

const isNewSuggestion = (stored: StoredOutcome): stored is NewSuggestion => stored.suggestion_id !== null;

/** One statement for the whole batch; only assets whose lease token still matches take part. */
function store(rows: Transaction, tenant: TenantId, outcomes: readonly Outcome[]): Promise<StoredOutcome[]> {
  return rows.$queryRaw<StoredOutcome[]>`
    WITH outcome AS (
      SELECT * FROM jsonb_to_recordset(${JSON.stringify(outcomes)}::jsonb) AS outcome(
        id uuid, lease_token uuid, width int, height int, base_model text, base_sha256 text, embedding text,
        preview_type text, preview_width int, preview_height int, preview text,
        mapper_version_id uuid, mapper_id text, generation_key text, text text, score float8, hypotheses jsonb)
    ), captioned AS (
      UPDATE asset SET status = 'captioned', captioned_at = now(),
        width = coalesce(outcome.width, asset.width), height = coalesce(outcome.height, asset.height),
        error_code = NULL, error_message = NULL, lease_token = NULL, leased_until = NULL, leased_by = NULL
      FROM outcome
      WHERE asset.tenant_id = ${tenant}::uuid AND asset.id = outcome.id
        AND asset.lease_token = outcome.lease_token AND asset.status = 'received'
      RETURNING asset.id, asset.asset_id, asset.version
    ), ours AS (
      SELECT ${tenant}::uuid AS tenant_id, outcome.* FROM outcome JOIN captioned USING (id)
    ), embedded AS (
      INSERT INTO embedding (tenant_id, asset_row_id, base_model, base_sha256, values)
      SELECT tenant_id, id, base_model, base_sha256, decode(embedding, 'base64') FROM ours
      ON CONFLICT DO NOTHING
    ), previewed AS (
      INSERT INTO preview (tenant_id, asset_row_id, content_type, width, height, bytes)
      SELECT tenant_id, id, preview_type, preview_width, preview_height, decode(preview, 'base64') FROM ours
      WHERE preview IS NOT NULL
      ON CONFLICT DO NOTHING
    ), suggested AS (
      INSERT INTO suggestion (tenant_id, asset_row_id, base_model, base_sha256, mapper_version_id, mapper_id,
        generation_key, text, score, hypotheses)
      SELECT tenant_id, id, base_model, base_sha256, mapper_version_id, mapper_id,
        generation_key, text, score, hypotheses FROM ours
      ON CONFLICT DO NOTHING
      RETURNING id, asset_row_id, created_at
    )
    SELECT captioned.id, asset_id, version, suggested.id AS suggestion_id, created_at
    FROM captioned LEFT JOIN suggested ON suggested.asset_row_id = captioned.id`;
}

function toOutcome(completion: Completion) {
  const { preview, mapperId } = completion;
  const hypotheses = completion.hypotheses.map(({ text, score, tokens, isStopped }) => ({
    text: storableText(text),
    score,
    tokens: [...tokens],
    isStopped,
  }));
  const best = hypotheses[0];
  if (!best) throw new RangeError(`asset ${completion.assetRowId} has no hypothesis`);
  return {
    id: completion.assetRowId,
    lease_token: completion.leaseToken,
    width: completion.width,
    height: completion.height,
    base_model: completion.baseModel,
    base_sha256: completion.baseSha256,
    embedding: toBase64(completion.embedding),
    preview_type: preview?.contentType,
    preview_width: preview?.width,
    preview_height: preview?.height,
    preview: preview && toBase64(preview.bytes),
    mapper_version_id: mapperId === BASE_MAPPER_ID ? null : mapperId,
    mapper_id: mapperId,
    generation_key: completion.generationKey,
    text: best.text,
    score: best.score,
    hypotheses,
  };
}

const toBase64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');

function suggestedEvent(tenant: TenantId, asset: NewSuggestion, outcome: Outcome): OutboxEntry {
  const alternatives = outcome.hypotheses.slice(1).map(({ text, score }) => ({ caption: text, score }));
  return {
    type: EVENT_TYPES.captionSuggested,
    assetId: asset.asset_id,
    payload: {
      tenantId: tenant,
      assetId: asset.asset_id,
      version: asset.version,
      suggestionId: asset.suggestion_id,
      caption: outcome.text,
      score: outcome.score,
      alternatives,
      baseModel: outcome.base_model,
      mapperId: outcome.mapper_id,
      createdAt: asset.created_at.toISOString(),
    },
  };
}
