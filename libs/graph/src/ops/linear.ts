import type { BackwardStep, GradientRules } from '../gradients/gradient-rule.js';
import type { FloatValue, GraphBuilder, Value } from '../graph-builder.js';
import { sumToShapeOf } from './reduction.js';
import { reshape, transpose } from './shape.js';

/**
 * x·w + b on matrices: x [M, K]; w [K, N], or [N, K] with `transB` (PyTorch's Linear). The same initializer serves
 * both orders, so a frozen weight needs no second copy for its backward pass.
 */
export function gemm<T extends 'float32' | 'float16'>(
  g: GraphBuilder,
  x: Value<T>,
  w: Value<T>,
  b?: Value<T>,
  options: GemmOptions = {},
): Value<T> {
  const { transA = false, transB = false, alpha } = options;
  return g.apply('Gemm', b ? [x, w, b] : [x, w], x.type, {
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

/**
 * Two-dimensional convolution without bias: x [B, I, H, W], w [O, I, p, p]; `padding` zeros on each of the four sides.
 * Differentiated without padding only.
 */
export const conv = (g: GraphBuilder, x: FloatValue, w: FloatValue, stride: number, padding = 0): FloatValue =>
  g.apply('Conv', [x, w], 'float32', {
    strides: { ints: [stride, stride] },
    pads: padding === 0 ? undefined : { ints: [padding, padding, padding, padding] },
  });

export const linearGradients: GradientRules = {
  Gemm: (step) => {
    const { g, gradient: dy } = step;
    const [a, b] = productGradients(step, (left, right, options) => gemm(g, left, right, undefined, options));
    return [a, b, () => sumToShapeOf(g, dy, step.input(2))];
  },
  // Of patches side by side that cover all of x: by x the transposed convolution; by w, x convolved with dy, whose
  // elements stand as far apart as the patches.
  Conv: (step) => {
    const { g, gradient: dy, node } = step;
    if (node.attributes['pads']) throw new Error('Conv is differentiated without padding only');
    const strides = node.attributes['strides']!;
    const swap = (value: FloatValue) => transpose(g, value, [1, 0, 2, 3]);
    return [
      () => g.apply('ConvTranspose', [dy, step.input(1)], 'float32', { strides }),
      () => swap(g.apply('Conv', [swap(step.input(0)), swap(dy)], 'float32', { dilations: strides })),
    ];
  },
  MatMul: (step) => {
    const { g, gradient: dy } = step;
    const [byA, byB] = batchedGradients(step);
    const [k, n] = matrixSizes(step.input(1)) ?? [];
    if (k === undefined || n === undefined) return [byA, byB];
    // One matrix for all batches: its gradient is one product over the rows of all. (A product over no rows is zero, which
    // onnxruntime 1.30's batched one leaves unwritten but in the first batch.)
    const rows = (value: FloatValue, width: number) => reshape(g, value, [-1, width]);
    return [byA, () => gemm(g, rows(step.input(0), k), rows(dy, n), undefined, { transA: true })];
  },
  FusedMatMul: (step) => batchedGradients(step),
};

type Product = (left: FloatValue, right: FloatValue, options: GemmOptions) => FloatValue;

/** Of y = alpha·A·B, where A is a or aᵀ and B is b or bᵀ: dA = alpha·dy·Bᵀ, dB = alpha·Aᵀ·dy, turned as a and b are. */
function productGradients(step: BackwardStep, product: Product) {
  const { gradient: dy } = step;
  const [a, b] = [step.input(0), step.input(1)];
  const [transA, transB] = [step.int('transA', 0) === 1, step.int('transB', 0) === 1];
  const alpha = step.float('alpha', 1);
  return [
    () =>
      transA ? product(b, dy, { transA: transB, transB: true, alpha }) : product(dy, b, { transB: !transB, alpha }),
    () =>
      transB ? product(dy, a, { transA: true, transB: transA, alpha }) : product(a, dy, { transA: !transA, alpha }),
  ] as const;
}

/** The sizes of a matrix when they are known beforehand. */
function matrixSizes({ dims = [] }: FloatValue): readonly [number, number] | undefined {
  const [rows, columns] = dims;
  return dims.length === 2 && typeof rows === 'number' && typeof columns === 'number' ? [rows, columns] : undefined;
}

function batchedGradients(step: BackwardStep) {
  const { g } = step;
  const [a, b] = productGradients(step, (left, right, options) => fusedMatMul(g, left, right, options));
  return [() => sumToShapeOf(g, a(), step.input(0)), () => sumToShapeOf(g, b(), step.input(1))];
}
