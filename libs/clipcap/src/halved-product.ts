import { float32, op, requireWeight, type FloatValue, type WeightTensor } from '@housestyle/graph';
import type { LinearSizes, Model } from './layers.js';

/**
 * Rows of x [M, in] that are whole pages apart share a few lines of the processor's nearest cache; rows of its halves must
 * not. So it is with GPT-2's second layer of the MLP, at its smallest size.
 */
export const areHalvesQuicker = ([input]: LinearSizes): boolean =>
  input % FLOATS_OF_PAGE === 0 && (input / 2) % FLOATS_OF_PAGE !== 0;

/**
 * x·w + bias for `key`.weight [in, out], as a sum of two products: a tenth quicker there. Where kernels add up in blocks that
 * divide the halves, as onnxruntime's for x86 do, it is the same to the last bit.
 */
export function halvedProduct(
  { g, weights }: Model,
  x: FloatValue,
  key: string,
  shape: LinearSizes,
  bias: FloatValue,
): FloatValue {
  const name = `${key}.weight`;
  const weight = requireWeight(weights, name, shape);
  return op.split(g, x, 2, 1).reduce((sum, part, n) => {
    const w = g.initializer(`${name}.${n}`, halfOf(weight, n)) as FloatValue;
    return op.gemm(g, part, w, sum);
  }, bias);
}

/** The upper or the lower rows. */
function halfOf(weight: WeightTensor, n: number): WeightTensor {
  const dims = [weight.dims[0]! / 2, ...weight.dims.slice(1)];
  if ('file' in weight) {
    const length = weight.length / 2;
    return { ...weight, dims, offset: weight.offset + n * length, length };
  }
  const length = weight.data.length / 2;
  return float32(weight.data.subarray(n * length, (n + 1) * length) as Float32Array, dims);
}

const FLOATS_OF_PAGE = 4096 / Float32Array.BYTES_PER_ELEMENT;
