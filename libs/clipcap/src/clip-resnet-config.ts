import { DomainError } from '@housestyle/domain';
import { requireWeight, type WeightSource } from '@housestyle/graph';
import type { ConfigFields } from './config-fields.js';
import { agreedSize, countOf, dimsOf, gridSide } from './openai-clip-sizes.js';

/** The sizes of an image tower that is a ResNet. */
export interface ClipResNetConfig {
  /** blocks in each of the four stages. */
  readonly layers: readonly number[];
  /** W: channels of the first stage, inside its blocks; even. */
  readonly width: number;
  /** H: of the attention that pools. */
  readonly numHeads: number;
  /** n: pixels on a side. */
  readonly imageSize: number;
  /** P */
  readonly projectionDim: number;
}

/**
 * The weights decide; `vision_config` may say the same again (`layers`, `width`, `image_size`), and it alone can say
 * `num_attention_heads` where a head is not 64 wide.
 * @throws DomainError `invalid_model`
 */
export function parseClipResNetConfig(vision: ConfigFields, weights: WeightSource): ClipResNetConfig {
  const [width] = dimsOf(weights, 'visual.layer1.0.conv1.weight', 4);
  const layers = [1, 2, 3, 4].map((stage) => countOf(weights, new RegExp(`^visual\\.layer${stage}\\.(\\d+)\\.`)));
  const given = vision.has('layers') ? vision.numbers('layers') : layers;
  if (given.join() !== layers.join()) {
    throw new DomainError(
      'invalid_model',
      `${vision.label}: layers is ${given.join()}, the weights say ${layers.join()}`,
    );
  }
  const [positions] = dimsOf(weights, 'visual.attnpool.positional_embedding', 2);
  const [projectionDim] = dimsOf(weights, 'visual.attnpool.c_proj.weight', 2);
  const channels = 32 * width;
  const numHeads = vision.size('num_attention_heads', Math.max(1, Math.floor(channels / HEAD_WIDTH)));
  if (channels % numHeads !== 0 || width % 2 !== 0) {
    throw new DomainError('invalid_model', `${vision.label}: ${channels} channels do not divide by ${numHeads} heads`);
  }
  requireWeight(weights, 'visual.conv3.weight', [width, width / 2, 3, 3]);
  return {
    layers,
    width: agreedSize(vision, 'width', width),
    numHeads,
    imageSize: agreedSize(vision, 'image_size', gridSide(weights, positions - 1) * TOTAL_STRIDE),
    projectionDim,
  };
}

/** How many pixels on a side one place at the end of the tower stands for. */
const TOTAL_STRIDE = 32;
const HEAD_WIDTH = 64;
