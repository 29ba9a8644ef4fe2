import type { FloatValue, GraphBuilder } from '../graph-builder.js';

/**
 * x·w + b on matrices: x [M, K]; w [K, N], or [N, K] with `transB` (PyTorch's Linear). The same initializer serves
 * both orders, so a frozen weight needs no second copy for its backward pass.
 */
export function gemm(
  g: GraphBuilder,
  x: FloatValue,
  w: FloatValue,
  b?: FloatValue,
  options: GemmOptions = {},
): FloatValue {
  const { transA = false, transB = false, alpha } = options;
  return g.apply('Gemm', b ? [x, w, b] : [x, w], 'float32', {
    transA: { int: Number(transA) },
    transB: { int: Number(transB) },
    alpha: alpha === undefined ? undefined : { float: alpha },
  });
}

export interface GemmOptions {
  readonly transA?: boolean;
  readonly transB?: boolean;
  readonly alpha?: number;
}

/** Batched over all but the last two dimensions. */
export const matMul = (g: GraphBuilder, a: FloatValue, b: FloatValue): FloatValue =>
  g.apply('MatMul', [a, b], 'float32');

/** Batched alpha·a·b with either side transposed in its last two dimensions. */
export const fusedMatMul = (g: GraphBuilder, a: FloatValue, b: FloatValue, options: GemmOptions = {}): FloatValue =>
  g.apply(
    'FusedMatMul',
    [a, b],
    'float32',
    {
      transA: { int: Number(options.transA ?? false) },
      transB: { int: Number(options.transB ?? false) },
      alpha: { float: options.alpha ?? 1 },
    },
    'com.microsoft',
  );

/** Two-dimensional convolution without bias or padding: x [B, I, H, W], w [O, I, p, p]. */
export const conv = (g: GraphBuilder, x: FloatValue, w: FloatValue, stride: number): FloatValue =>
  g.apply('Conv', [x, w], 'float32', { strides: { ints: [stride, stride] } });
