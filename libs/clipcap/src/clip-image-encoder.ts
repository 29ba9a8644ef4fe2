import { DomainError } from '@housestyle/domain';
import { fetched, uint8, type GraphRunner, type GraphSession } from '@housestyle/graph';
import type { ClipPreprocessing } from './clip-config.js';
import { buildImageTower, openClip } from './clip-model.js';
import type { ClipFiles } from './model-files.js';
import type { ModelOptions } from './quantisation/precision.js';
import { withFastestProducts } from './quantisation/signed-products.js';
import { rowsOf } from './rows.js';

/** Pictures to image embeddings. */
export class ClipImageEncoder {
  /** @param session absent: for those who bring embeddings; then nothing is in memory. */
  private constructor(
    /** n: pictures are n × n. */
    readonly imageSize: number,
    /** how pictures come to that size. */
    readonly preprocessing: ClipPreprocessing,
    /** P: width of an embedding. */
    readonly embeddingWidth: number,
    private readonly session?: GraphSession,
  ) {}

  /** @throws DomainError `invalid_model` */
  static async load(files: ClipFiles, runner: GraphRunner, given: ModelOptions = {}): Promise<ClipImageEncoder> {
    const options = await withFastestProducts(runner, given);
    const clip = openClip(files);
    const session = await runner.load(buildImageTower(clip, options), options);
    return new ClipImageEncoder(clip.imageSize, clip.preprocessing, clip.projectionDim, session);
  }

  get isLoaded(): boolean {
    return this.session !== undefined;
  }

  /** Knows its sizes and embeds nothing. @throws DomainError `invalid_model` */
  static unloaded(files: ClipFiles): ClipImageEncoder {
    const { imageSize, preprocessing, projectionDim } = openClip(files);
    return new ClipImageEncoder(imageSize, preprocessing, projectionDim);
  }

  /**
   * Each picture n × n × 3 bytes, RGB, row by row → its embedding [P], not normalised.
   * @throws DomainError `invalid_request` for a picture of another size.
   */
  async embed(pictures: readonly Uint8Array[]): Promise<Float32Array[]> {
    if (pictures.length === 0) return [];
    if (!this.session) throw new Error('no image encoder is loaded');
    const n = this.imageSize;
    const bytes = n * n * 3;
    const batch = new Uint8Array(pictures.length * bytes);
    pictures.forEach((picture, index) => {
      if (picture.length !== bytes) {
        throw new DomainError(
          'invalid_request',
          `a picture has ${picture.length} bytes, the model sees ${n} × ${n} × 3`,
        );
      }
      batch.set(picture, index * bytes);
    });
    const outputs = await this.session.run({ pixels: uint8(batch, [pictures.length, n, n, 3]) });
    return rowsOf(fetched(outputs, 'image_embeds', 'float32').data, this.embeddingWidth);
  }

  async release(): Promise<void> {
    await this.session?.release();
  }
}
