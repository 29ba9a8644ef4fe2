import { op, readWeight, type FloatValue, type Value, type WeightSource } from '@housestyle/graph';
import type { ClipPreprocessing, ClipVisionConfig } from './clip-config.js';
import type { Model } from './layers.js';
import type { QuantisedLinears } from './quantisation/quantised-linears.js';

/**
 * What a Vision Transformer sees of a picture: N = (n/p)² patches of p × p pixels, row by row, each as C channels. Pixels
 * that fill no patch are left out.
 */

/** Normalised pixels [B, 3, n, n] → [B, N, C]: the reference's convolution. */
export function patchEmbedding({ g, weights }: Model, pixels: FloatValue, key: string, sizes: PatchSizes): FloatValue {
  const { hiddenSize: C, patchSize: p } = sizes;
  const patches = op.conv(g, pixels, g.weight(weights, `${key}.weight`, [C, 3, p, p]), p); // [B, C, n/p, n/p]
  return op.transpose(g, op.reshape(g, patches, [0, C, perSide(sizes) ** 2]), [0, 2, 1]);
}

/** Pixels as bytes [B, n, n, 3] → [B, N, C] in 8 bits: what normalises them is in the weights. */
export function bytePatchEmbedding(
  { g, weights }: Model,
  quantised: QuantisedLinears,
  bytes: Value<'uint8'>,
  key: string,
  sizes: PatchSizes,
  preprocessing: ClipPreprocessing,
): FloatValue {
  const { hiddenSize: C, patchSize: p, imageSize: n } = sizes;
  const side = perSide(sizes);
  const filled = [1, 2].reduce((all, axis) => (side * p < n ? op.slice(g, all, axis, 0, side * p) : all), bytes);
  const patches = op.transpose(g, op.reshape(g, filled, [-1, side, p, side, p, 3]), [0, 1, 3, 2, 4, 5]);
  const { matrix, bias } = byteKernel(weights, key, sizes, preprocessing);
  const rows = op.reshape(g, patches, [-1, p * p * 3]);
  const layer = { data: matrix, outputs: C, isOutputFirst: true };
  return op.reshape(g, quantised.applyToBytes(rows, key, layer, bias), [-1, side ** 2, C]);
}

/**
 * The convolution's kernel with normalisation in it: matrix [C, p·p·3] and bias [C] such that
 * Σ matrix·(byte - 128) + bias is what the kernel makes of normalised pixels.
 */
function byteKernel(
  weights: WeightSource,
  key: string,
  { hiddenSize: C, patchSize: p }: PatchSizes,
  { rescaleFactor, mean, std }: ClipPreprocessing,
): { readonly matrix: Float32Array; readonly bias: Float32Array } {
  const kernel = readWeight(weights, `${key}.weight`, [C, 3, p, p]);
  const [area, matrix, bias] = [p * p, new Float32Array(kernel.length), new Float32Array(C)];
  for (let o = 0; o < C; o++) {
    let sum = 0;
    for (let channel = 0; channel < 3; channel++) {
      const of128 = (op.ZERO_POINT * rescaleFactor - mean[channel]!) / std[channel]!;
      for (let at = 0; at < area; at++) {
        const weight = kernel[(o * 3 + channel) * area + at]!;
        matrix[(o * area + at) * 3 + channel] = (weight * rescaleFactor) / std[channel]!;
        sum += weight * of128;
      }
    }
    bias[o] = sum;
  }
  return { matrix, bias };
}

type PatchSizes = Pick<ClipVisionConfig, 'hiddenSize' | 'patchSize' | 'imageSize'>;

/** Patches along a picture's side. */
export const perSide = ({ imageSize, patchSize }: Pick<PatchSizes, 'imageSize' | 'patchSize'>): number =>
  Math.floor(imageSize / patchSize);
