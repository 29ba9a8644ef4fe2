import type { BaseModel } from '@housestyle/contracts/captioner';
import type { DecodePool, PreparedPicture } from '@housestyle/imaging';
import type { CaptioningTask } from '@housestyle/database';
import type { TenantId } from '@housestyle/domain';
import { FairLimit } from '../fair-limit.js';
import type { PipelineMetrics } from '../pipeline-metrics.js';
import type { TenantSources } from '../tenant-sources.js';

export interface PreparerLimits {
  /** pictures arriving at once: each may hold a whole file in memory */
  readonly maxFetches: number;
  /** pictures being decoded at once: each holds all its pixels */
  readonly maxDecodes: number;
}

/** From a URI to the model's pixels. */
export class PicturePreparer {
  private readonly fetches: FairLimit<TenantId>;
  private readonly decodes: FairLimit<TenantId>;

  constructor(
    private readonly sources: TenantSources,
    private readonly decoders: DecodePool,
    limits: PreparerLimits,
    private readonly metrics: PipelineMetrics,
  ) {
    this.fetches = new FairLimit(limits.maxFetches, true);
    this.decodes = new FairLimit(limits.maxDecodes, false);
  }

  /** @throws DomainError of fetching or decoding */
  async prepare(
    { tenantId, uri, sha256 }: CaptioningTask,
    base: BaseModel,
    signal: AbortSignal,
  ): Promise<PreparedPicture> {
    const observe = this.metrics.prepareSeconds.startTimer();
    const options = sha256 === undefined ? { signal } : { sha256, signal };
    const picture = await this.fetches.run(tenantId, async () => {
      const { bytes } = await this.sources.fetch(tenantId, uri, options);
      return this.decodes.run(tenantId, () => this.decoders.prepare(bytes, base.imageSize));
    });
    observe();
    return picture;
  }
}
