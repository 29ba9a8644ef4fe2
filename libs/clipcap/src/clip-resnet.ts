import { GraphBuilder, op, type FloatValue, type GraphModel, type WeightSource } from '@housestyle/graph';
import type { ClipPreprocessing } from './clip-config.js';
import type { ClipResNetConfig } from './clip-resnet-config.js';
import { linear, scores, type Model } from './layers.js';
import { pixelBytes, pixelValues } from './pixel-values.js';
import type { PrecisionOptions } from './quantisation/precision.js';

/**
 * The image tower of a CLIP with a ResNet (arXiv 2103.00020, section 2.4; RN50, RN101, RN50x4 …) under the names of
 * OpenAI's checkpoints, `visual.*`. Other than in a plain ResNet, the stem has three convolutions, every stride is an
 * average pool before a convolution of stride 1 (it does not alias), and the last pool is attention by the mean.
 * B pictures; n pixels on a side; W the first stage's width; C = 32·W channels at the end, on a grid of n/32 × n/32;
 * T = (n/32)² + 1; H heads; P = width of the shared embedding space.
 */

type Sizes = readonly [out: number, input: number, kernel: number];

/** Convolution `key`.`conv` and batch norm `key`.`norm`: [B, in, h, w] → [B, out, h/stride, w/stride]. */
function convNorm(
  { g, weights }: Model,
  x: FloatValue,
  [conv, norm]: readonly [conv: string, norm: string],
  [out, input, kernel]: Sizes,
  stride = 1,
): FloatValue {
  const w = g.weight(weights, `${conv}.weight`, [out, input, kernel, kernel]);
  const channel = (name: string) => g.weight(weights, `${norm}.${name}`, [out]);
  const statistics = {
    weight: channel('weight'),
    bias: channel('bias'),
    mean: channel('running_mean'),
    variance: channel('running_var'),
  };
  return op.batchNormalization(g, op.conv(g, x, w, stride, (kernel - 1) / 2), statistics, BATCH_NORM_EPSILON);
}

/** [B, 3, n, n] → [B, W, n/4, n/4] */
function stem(m: Model, pixels: FloatValue, W: number): FloatValue {
  const convolved = (x: FloatValue, nth: number, sizes: Sizes, stride?: number) =>
    op.relu(m.g, convNorm(m, x, [`visual.conv${nth}`, `visual.bn${nth}`], sizes, stride));
  const x = convolved(convolved(pixels, 1, [W / 2, 3, 3], 2), 2, [W / 2, W / 2, 3]);
  return op.averagePool(m.g, convolved(x, 3, [W, W / 2, 3]), 2);
}

/** [B, in, h, w] → [B, 4·planes, h/stride, w/stride] */
function bottleneck(m: Model, x: FloatValue, key: string, { planes, input, stride }: Block): FloatValue {
  const out = EXPANSION * planes;
  const pooled = (value: FloatValue) => (stride > 1 ? op.averagePool(m.g, value, stride) : value);
  const convolved = (value: FloatValue, nth: number, sizes: Sizes) =>
    convNorm(m, value, [`${key}.conv${nth}`, `${key}.bn${nth}`], sizes);
  const narrow = op.relu(m.g, convolved(x, 1, [planes, input, 1]));
  const seen = pooled(op.relu(m.g, convolved(narrow, 2, [planes, planes, 3])));
  const isChanged = stride > 1 || input !== out;
  const shortcut = isChanged
    ? convNorm(m, pooled(x), [`${key}.downsample.0`, `${key}.downsample.1`], [out, input, 1])
    : x;
  return op.relu(m.g, op.add(m.g, convolved(seen, 3, [out, planes, 1]), shortcut));
}

/** One of the four: its first block halves the grid (not so in the first stage) and widens. */
function stage(m: Model, x: FloatValue, nth: number, { layers, width: W }: ClipResNetConfig): FloatValue {
  const planes = W * 2 ** (nth - 1);
  const before = nth === 1 ? W : (EXPANSION * planes) / 2;
  let y = bottleneck(m, x, `visual.layer${nth}.0`, { planes, input: before, stride: nth === 1 ? 1 : 2 });
  for (let block = 1; block < layers[nth - 1]!; block++) {
    y = bottleneck(m, y, `visual.layer${nth}.${block}`, { planes, input: EXPANSION * planes, stride: 1 });
  }
  return y;
}

/** The mean of all places asks all of them and itself: [B, C, n/32, n/32] → [B, P]. */
function attentionPool(m: Model, x: FloatValue, { width: W, numHeads: H, imageSize, projectionDim }: ClipResNetConfig) {
  const { g, weights } = m;
  const key = 'visual.attnpool';
  const [C, N] = [32 * W, (imageSize / 32) ** 2];
  const [T, D] = [N + 1, C / H];
  const places = op.transpose(g, op.reshape(g, x, [0, C, N]), [0, 2, 1]); // [B, N, C]
  const all = op.concat(g, [op.reduceMean(g, places, [1]), places], 1); // [B, T, C]
  const tokens = op.add(g, all, g.weight(weights, `${key}.positional_embedding`, [T, C]));
  const project = (value: FloatValue, name: string, count: number) => {
    const projected = linear(m, op.reshape(g, value, [-1, C]), `${key}.${name}`, [C, C]);
    return op.transpose(g, op.reshape(g, projected, [-1, count, H, D]), [0, 2, 1, 3]); // [B, H, count, D]
  };
  const q = project(op.slice(g, tokens, 1, 0, 1), 'q_proj', 1);
  const shares = op.softmax(g, scores(m, q, project(tokens, 'k_proj', T), D ** -0.5));
  const context = op.reshape(g, op.matMul(g, shares, project(tokens, 'v_proj', T)), [-1, C]); // [B, H, 1, D] → [B, C]
  return linear(m, context, `${key}.c_proj`, [projectionDim, C]);
}

/**
 * The image tower: `pixels` uint8 RGB [B, n, n, 3] → `image_embeds` [B, P], not normalised.
 * @throws DomainError `invalid_model` when the weights contradict the configuration.
 */
export function buildClipResNet(
  config: ClipResNetConfig,
  preprocessing: ClipPreprocessing,
  weights: WeightSource,
  { isForGpu = false }: PrecisionOptions = {},
): GraphModel {
  const g = new GraphBuilder('clip-vision');
  const m = { g, weights, isForGpu };
  let x = stem(m, pixelValues(g, pixelBytes(g, preprocessing), preprocessing), config.width);
  for (const nth of [1, 2, 3, 4]) x = stage(m, x, nth, config);
  g.output('image_embeds', attentionPool(m, x, config), ['B', config.projectionDim]);
  return g.build();
}

interface Block {
  /** channels inside. */
  readonly planes: number;
  readonly input: number;
  readonly stride: number;
}

/** How much wider a block is outside than inside. */
const EXPANSION = 4;

/** PyTorch's default, which OpenAI's code keeps. */
const BATCH_NORM_EPSILON = 1e-5;
