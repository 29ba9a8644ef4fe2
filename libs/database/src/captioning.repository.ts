import { EVENT_TYPES } from '@housestyle/contracts';
import {
  BASE_MAPPER_ID,
  type AssetKey,
  type ErrorCode,
  type Hypothesis,
  type MapperReference,
  type TenantId,
} from '@housestyle/domain';
import type { AssetRowId, Lease } from './asset-row.js';
import { FAILURE_CHANNEL, SUGGESTION_CHANNEL } from './channels.js';
import { championOf } from './champion.js';
import type { Database, Transaction } from './database.js';
import type { Prisma } from './generated/client.js';
import { appendToOutbox } from './outbox-events.js';
import { storableText } from './storable-text.js';

/** What it takes to caption an asset. */
export interface CaptioningTask extends AssetKey {
  readonly assetRowId: AssetRowId;
  readonly uri: string;
  readonly contentType?: string;
  readonly sha256?: string;
}

export interface TenantTasks {
  readonly tasks: readonly CaptioningTask[];
  /** undefined: the base's own mapper */
  readonly champion?: MapperReference;
}

/** Everything one captioned picture leaves behind. */
export interface Completion {
  readonly assetRowId: AssetRowId;
  readonly leaseToken: string;
  readonly baseModel: string;
  readonly baseSha256: string;
  /** CLIP's projected feature, float32 little-endian */
  readonly embedding: Uint8Array;
  readonly preview: {
    readonly contentType: string;
    readonly width: number;
    readonly height: number;
    readonly bytes: Uint8Array;
  };
  /** of the picture itself, upright */
  readonly width: number;
  readonly height: number;
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

  /** What the pipeline needs to know about leased assets of one tenant, its champion mapper included. */
  loadTasks(tenant: TenantId, assetRowIds: readonly AssetRowId[]): Promise<TenantTasks> {
    return this.database.forTenant(tenant, async (rows) => {
      const assets = await rows.asset.findMany({ where: { tenantId: tenant, id: { in: [...assetRowIds] } } });
      return {
        champion: await championOf(rows, tenant),
        tasks: assets.map((asset) => ({
          tenantId: tenant,
          assetRowId: asset.id,
          assetId: asset.assetId,
          version: asset.version,
          uri: asset.uri,
          contentType: asset.contentType ?? undefined,
          sha256: asset.sha256 ?? undefined,
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
    return this.database.forTenant(tenant, async (rows) => {
      const owned = new Map((await markCaptioned(rows, tenant, completions)).map((asset) => [asset.id, asset]));
      const ours = completions.filter(({ assetRowId }) => owned.has(assetRowId));
      if (ours.length > 0) {
        await storeEmbeddings(rows, tenant, ours);
        await storePreviews(rows, tenant, ours);
        await storeSuggestions(rows, tenant, ours, owned);
      }
      return {
        completed: [...owned.keys()],
        lost: completions.map(({ assetRowId }) => assetRowId).filter((id) => !owned.has(id)),
      };
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
      await appendToOutbox(rows, tenant, [
        {
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
        },
      ]);
      await rows.$executeRaw`SELECT pg_notify(${FAILURE_CHANNEL}, ${`${tenant}:${asset.id}`})`;
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

/** Only rows whose lease token still matches; theirs are the outcomes that count. */
function markCaptioned(rows: Transaction, tenant: TenantId, outcomes: readonly Completion[]): Promise<OwnedAsset[]> {
  const column = <T>(of: (outcome: Completion) => T): T[] => outcomes.map(of);
  return rows.$queryRaw<OwnedAsset[]>`
    UPDATE asset SET status = 'captioned', captioned_at = now(), width = outcome.width, height = outcome.height,
      error_code = NULL, error_message = NULL, lease_token = NULL, leased_until = NULL, leased_by = NULL
    FROM unnest(
      ${column((o) => o.assetRowId)}::uuid[], ${column((o) => o.leaseToken)}::uuid[],
      ${column((o) => o.width)}::int[], ${column((o) => o.height)}::int[]
    ) AS outcome(id, token, width, height)
    WHERE asset.tenant_id = ${tenant}::uuid AND asset.id = outcome.id
      AND asset.lease_token = outcome.token AND asset.status = 'received'
    RETURNING asset.id, asset.asset_id, asset.version`;
}

async function storeEmbeddings(rows: Transaction, tenant: TenantId, outcomes: readonly Completion[]): Promise<void> {
  await rows.embedding.createMany({
    skipDuplicates: true,
    data: outcomes.map((outcome) => ({
      tenantId: tenant,
      assetRowId: outcome.assetRowId,
      baseModel: outcome.baseModel,
      baseSha256: outcome.baseSha256,
      values: new Uint8Array(outcome.embedding),
    })),
  });
}

async function storePreviews(rows: Transaction, tenant: TenantId, outcomes: readonly Completion[]): Promise<void> {
  await rows.preview.createMany({
    skipDuplicates: true,
    data: outcomes.map(({ assetRowId, preview }) => ({
      ...preview,
      tenantId: tenant,
      assetRowId,
      bytes: new Uint8Array(preview.bytes),
    })),
  });
}

async function storeSuggestions(
  rows: Transaction,
  tenant: TenantId,
  outcomes: readonly Completion[],
  assets: ReadonlyMap<AssetRowId, OwnedAsset>,
): Promise<void> {
  const created = await rows.suggestion.createManyAndReturn({
    skipDuplicates: true,
    data: outcomes.map((outcome) => toSuggestion(tenant, outcome)),
  });
  await appendToOutbox(
    rows,
    tenant,
    created.map((suggestion) => {
      const { asset_id: assetId, version } = assets.get(suggestion.assetRowId)!;
      const [best, ...others] = suggestion.hypotheses as unknown as Hypothesis[];
      return {
        type: EVENT_TYPES.captionSuggested,
        assetId,
        payload: {
          tenantId: tenant,
          assetId,
          version,
          suggestionId: suggestion.id,
          caption: suggestion.text,
          score: best!.score,
          alternatives: others.map(({ text, score }) => ({ caption: text, score })),
          baseModel: suggestion.baseModel,
          mapperId: suggestion.mapperId,
          createdAt: suggestion.createdAt.toISOString(),
        },
      };
    }),
  );
  const payloads = created.map(({ id }) => `${tenant}:${id}`);
  await rows.$executeRaw`SELECT pg_notify(${SUGGESTION_CHANNEL}, payload) FROM unnest(${payloads}::text[]) AS payload`;
}

function toSuggestion(tenant: TenantId, outcome: Completion): Prisma.SuggestionCreateManyInput {
  const hypotheses = outcome.hypotheses.map(({ text, score, tokens, isStopped }) => ({
    text: storableText(text),
    score,
    tokens: [...tokens],
    isStopped,
  }));
  const best = hypotheses[0];
  if (!best) throw new RangeError(`asset ${outcome.assetRowId} has no hypothesis`);
  return {
    tenantId: tenant,
    assetRowId: outcome.assetRowId,
    baseModel: outcome.baseModel,
    baseSha256: outcome.baseSha256,
    mapperVersionId: outcome.mapperId === BASE_MAPPER_ID ? null : outcome.mapperId,
    mapperId: outcome.mapperId,
    generationKey: outcome.generationKey,
    text: best.text,
    score: best.score,
    hypotheses,
  };
}
