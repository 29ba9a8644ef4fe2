import type { BaseModel } from '@housestyle/contracts/captioner';
import { decodeImage, makePreview, resizeForClip, type ImageFetcher } from '@housestyle/imaging';
import type { CaptioningTask } from '@housestyle/database';
import type { TenantId } from '@housestyle/domain';
import { FairLimit } from '../fair-limit.js';
import type { PipelineMetrics } from '../pipeline-metrics.js';
import type { PreparedPicture } from './work-item.js';

export interface PreparerLimits {
  readonly maxPixels: number;
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
    private readonly fetcher: ImageFetcher,
    private readonly limits: PreparerLimits,
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
      const { bytes } = await this.fetcher.fetch(uri, options);
      return this.decodes.run(tenantId, () => this.decode(bytes, base.imageSize));
    });
    observe();
    return picture;
  }

  private async decode(bytes: Uint8Array, imageSize: number): Promise<PreparedPicture> {
    const image = await decodeImage(bytes, { maxPixels: this.limits.maxPixels });
    const preview = await makePreview(image);
    return { pixels: resizeForClip(image, imageSize), preview, width: image.width, height: image.height };
  }
}
