import { ClipImageEncoder, Mapper, type Precision } from '@housestyle/clipcap';
import type { GraphRunner } from '@housestyle/graph';
import { decodeImage, resizeForClip, type DecodedImage } from '@housestyle/imaging';
import type { BenchModel } from '../bench-model.js';
import { stopwatch, type Elapsed } from '../measure/stopwatch.js';

/** What becomes of a JPEG before GPT-2 sees it, in the order it happens. */
export const ENCODE_STAGES = ['decode', 'resize', 'clip', 'mapper'] as const;
export type EncodeStage = (typeof ENCODE_STAGES)[number];
export type StageTimes = Readonly<Record<EncodeStage, Elapsed>>;

/** JPEG bytes → pixels → the model's crop → CLIP → the mapper's prefix, each stage for a whole batch at a time. */
export class EncodeBench {
  private constructor(
    private readonly encoder: ClipImageEncoder,
    private readonly mapper: Mapper,
  ) {}

  static async load(model: BenchModel, runner: GraphRunner, precision: Precision): Promise<EncodeBench> {
    const options = { precision, calibration: model.calibration };
    const encoder = await ClipImageEncoder.load(model.clip, runner, options);
    const { n_embd: decoderWidth } = model.gpt2.config as { n_embd: number };
    const base = { embeddingWidth: encoder.embeddingWidth, decoderWidth };
    return new EncodeBench(encoder, await Mapper.load(model.mapper, base, runner, options));
  }

  async run(
    files: readonly Uint8Array[],
    isShrinkingOnLoad = false,
  ): Promise<{ readonly stages: StageTimes; readonly prefixes: Float32Array[] }> {
    const { imageSize } = this.encoder;
    const options = isShrinkingOnLoad ? { shrinkFor: { imageSize } } : {};
    const decoded = await timed(async () => {
      const images: DecodedImage[] = [];
      for (const file of files) images.push(await decodeImage(file, options));
      return images;
    });
    const resized = await timed(async () => decoded.value.map((image) => resizeForClip(image, imageSize)));
    const embedded = await timed(() => this.encoder.embed(resized.value));
    const mapped = await timed(() => this.mapper.map(embedded.value));
    const stages = { decode: decoded.time, resize: resized.time, clip: embedded.time, mapper: mapped.time };
    return { stages, prefixes: mapped.value };
  }

  async release(): Promise<void> {
    await this.encoder.release();
    await this.mapper.release();
  }
}

async function timed<T>(work: () => Promise<T>): Promise<{ readonly value: T; readonly time: Elapsed }> {
  const elapsed = stopwatch();
  const value = await work();
  return { value, time: elapsed() };
}
