import type { CaptionResponse, CaptionResult } from '@housestyle/contracts/captioner';
import type { CaptioningRepository, Completion, LeasedAsset } from '@housestyle/database';
import {
  DomainError,
  generationKey,
  isErrorCode,
  toDomainError,
  type GenerationSettings,
  type TenantId,
} from '@housestyle/domain';
import type { Logger } from '@housestyle/telemetry';
import { byTenant } from '../by-tenant.js';
import type { PipelineMetrics } from '../pipeline-metrics.js';
import type { HeldLeases } from './held-leases.js';
import { toDisposition } from './to-disposition.js';
import type { PreparedItem } from './work-item.js';

interface CaptionedItem {
  readonly tenantId: TenantId;
  readonly item: PreparedItem;
  readonly completion: Completion;
}

/** Writes what became of leased assets, and forgets them. Never rejects: one asset's trouble is not another's. */
export class OutcomeService {
  constructor(
    private readonly captioning: CaptioningRepository,
    private readonly held: HeldLeases,
    private readonly generation: GenerationSettings,
    private readonly metrics: PipelineMetrics,
    private readonly logger: Logger,
  ) {}

  /** One answer of the captioner: each tenant's captions in one transaction, each failure by itself. */
  async record(items: readonly PreparedItem[], response: CaptionResponse): Promise<void> {
    const results = new Map(response.results.map((result) => [result.id, result]));
    const captioned: CaptionedItem[] = [];
    const failures: Promise<void>[] = [];
    for (const item of items) {
      const result = results.get(item.lease.assetRowId);
      if (result?.status.code === 'ok' && result.embedding && result.hypotheses.length > 0) {
        const completion = this.toCompletion(item, result, response.baseModelSha256);
        captioned.push({ tenantId: item.lease.tenantId, item, completion });
      } else {
        failures.push(this.fail(item.lease, toItemError(result)));
      }
    }
    await Promise.all([...failures, ...[...byTenant(captioned).values()].map((group) => this.complete(group))]);
  }

  /** The attempt failed; the error says whether there will be another. */
  async fail(lease: LeasedAsset, error: DomainError): Promise<void> {
    const disposition = toDisposition(error, lease.attempts);
    const { kind, code } = disposition;
    try {
      const isOurs =
        kind === 'fail'
          ? await this.captioning.fail(lease.tenantId, lease, disposition)
          : await this.captioning.retryLater(lease.tenantId, lease, disposition, disposition.nextAttemptAt);
      if (!isOurs) this.metrics.lostLeases.inc();
      else if (kind === 'fail') this.metrics.failed.inc({ code });
      else this.metrics.retried.inc({ code });
      if (error.code === 'internal') this.logger.error({ err: error }, 'an unexpected error failed an attempt');
      this.held.forget([lease]);
    } catch (writeError) {
      this.logger.warn({ err: writeError }, 'an outcome was not written; the asset is given back');
      this.held.abandon(lease);
    }
  }

  private async complete(group: readonly CaptionedItem[]): Promise<void> {
    const leases = group.map(({ item }) => item.lease);
    const [first] = leases;
    if (!first) return;
    try {
      const { completed, lost } = await this.captioning.completeMany(
        first.tenantId,
        group.map(({ completion }) => completion),
      );
      this.metrics.captioned.inc(completed.length);
      this.metrics.lostLeases.inc(lost.length);
      this.held.forget(leases);
    } catch (error) {
      // one row that cannot be written would undo its neighbours: each by itself, then
      if (group.length > 1) await Promise.all(group.map((captioned) => this.complete([captioned])));
      else await this.fail(first, toDomainError(error));
    }
  }

  private toCompletion(item: PreparedItem, result: CaptionResult, baseSha256: string): Completion {
    const { lease, base, picture } = item;
    return {
      assetRowId: lease.assetRowId,
      leaseToken: lease.leaseToken,
      baseModel: base.name,
      baseSha256,
      embedding: result.embedding!.values,
      ...(picture && { preview: picture.preview, width: picture.width, height: picture.height }),
      mapperId: result.mapperId,
      generationKey: generationKey(this.generation),
      hypotheses: result.hypotheses,
    };
  }
}

function toItemError(result: CaptionResult | undefined): DomainError {
  if (!result) return new DomainError('internal', 'the captioner left the asset out of its answer');
  const { code, message } = result.status;
  if (code === 'ok') return new DomainError('internal', 'the captioner answered without a caption');
  return new DomainError(isErrorCode(code) ? code : 'internal', message);
}
