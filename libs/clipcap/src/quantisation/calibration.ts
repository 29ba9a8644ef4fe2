import { DomainError } from '@housestyle/domain';
import {
  fetched,
  float32,
  uint8,
  type Fetched,
  type GraphRunner,
  type GraphSession,
  type Tensor,
} from '@housestyle/graph';
import { buildImageTower, openClip } from '../clip-model.js';
import { teacherForcedFeeds } from '../generation/teacher-forced-feeds.js';
import { parseGpt2Config } from '../gpt2-config.js';
import { buildGpt2 } from '../gpt2.js';
import { Gpt2Tokenizer } from '../gpt2-tokenizer.js';
import { REACH } from '../layers.js';
import { parseMapperConfig } from '../mapper-config.js';
import { buildMapper } from '../mapper-graph.js';
import type { BaseModelFiles, ClipFiles } from '../model-files.js';

/** A picture and what is said of it, of no tenant's. */
export interface CalibrationExample {
  readonly embedding: Float32Array;
  readonly caption: string;
}

/** By a layer's name how far each channel [in] of what goes into it goes: what `PrecisionOptions.calibration` takes. */
export type Reaches = Map<string, Tensor<'float32'>>;

/** Of the mapper's and GPT-2's layers, over these pictures' embeddings and captions. */
export async function calibrate(
  base: BaseModelFiles,
  examples: readonly CalibrationExample[],
  runner: GraphRunner,
): Promise<Reaches> {
  const config = parseGpt2Config(base.gpt2.config);
  const tokenizer = new Gpt2Tokenizer(base.gpt2.tokenizer);
  const embeddingWidth = examples[0]!.embedding.length;
  const mapperConfig = parseMapperConfig(base.mapper.config, base.mapper.weights, {
    embeddingWidth,
    decoderWidth: config.width,
  });
  const watched = { isWatched: true, isForGpu: runner.isGpu };
  const mapper = await runner.load(buildMapper(mapperConfig, base.mapper.weights, watched));
  const decoder = await runner.load(buildGpt2(config, base.gpt2.weights, watched));
  const reaches: Reaches = new Map();
  for (const { embedding, caption } of examples) {
    const mapped = await mapper.run({ image_embeds: float32(embedding, [1, embeddingWidth]) });
    noteReaches(reaches, mapped);
    const ids = tokenizer.encode(caption).slice(0, config.numPositions - mapperConfig.prefixLength);
    const feeds = teacherForcedFeeds(config, fetched(mapped, 'prefix', 'float32').data, ids);
    noteReaches(reaches, await decoder.run(feeds, reachNames(decoder)));
  }
  await Promise.all([mapper.release(), decoder.release()]);
  return reaches;
}

/** Of CLIP's layers, over as many pictures as it is shown. */
export class ClipCalibration {
  readonly reaches: Reaches = new Map();

  private constructor(
    /** n: pictures are n × n. */
    readonly imageSize: number,
    private readonly session: GraphSession,
  ) {}

  /** @throws DomainError `invalid_model`, or `invalid_request` for a ResNet, which has no layers in 8 bits. */
  static async open(files: ClipFiles, runner: GraphRunner): Promise<ClipCalibration> {
    const clip = openClip(files);
    if (clip.vision.kind === 'resnet') {
      throw new DomainError('invalid_request', 'its CLIP is a ResNet, which is computed in fp32: it needs no pictures');
    }
    const tower = buildImageTower(clip, { isWatched: true, isForGpu: runner.isGpu });
    return new ClipCalibration(clip.imageSize, await runner.load(tower));
  }

  /** Each n × n × 3 bytes, RGB, row by row. */
  async show(pictures: readonly Uint8Array[]): Promise<void> {
    const n = this.imageSize;
    for (const picture of pictures) {
      const pixels = uint8(picture, [1, n, n, 3]);
      noteReaches(this.reaches, await this.session.run({ pixels }, reachNames(this.session)));
    }
  }

  release(): Promise<void> {
    return this.session.release();
  }
}

const reachNames = ({ outputNames }: GraphSession): string[] => outputNames.filter((name) => name.startsWith(REACH));

function noteReaches(reaches: Reaches, outputs: Fetched): void {
  for (const output of Object.keys(outputs).filter((name) => name.startsWith(REACH))) {
    const key = output.slice(REACH.length);
    const [found, before] = [fetched(outputs, output, 'float32').data, reaches.get(key)];
    reaches.set(key, float32(before ? before.data.map((value, i) => Math.max(value, found[i]!)) : found.slice()));
  }
}
