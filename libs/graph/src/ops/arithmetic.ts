import { once, type BackwardStep, type GradientRules } from '../gradients/gradient-rule.js';
import type { FloatValue, GraphBuilder, Value } from '../graph-builder.js';
import { areSame } from '../infer-dims.js';
import { DATA_TYPES } from '../onnx-proto.js';
import type { ElementType } from '../tensor.js';
import { sumToShapeOf } from './reduction.js';

/** Element-wise operators; shapes broadcast as in NumPy. */
export const add = <T extends ElementType>(g: GraphBuilder, a: Value<T>, b: Value<T>): Value<T> =>
  g.apply('Add', [a, b], a.type);
export const sub = <T extends ElementType>(g: GraphBuilder, a: Value<T>, b: Value<T>): Value<T> =>
  g.apply('Sub', [a, b], a.type);
export const mul = <T extends ElementType>(g: GraphBuilder, a: Value<T>, b: Value<T>): Value<T> =>
  g.apply('Mul', [a, b], a.type);
/** Of integers, what is left over falls away. */
export const div = <T extends ElementType>(g: GraphBuilder, a: Value<T>, b: Value<T>): Value<T> =>
  g.apply('Div', [a, b], a.type);

export const cast = <T extends ElementType>(g: GraphBuilder, x: Value, to: T): Value<T> =>
  g.apply('Cast', [x], to, { to: { int: DATA_TYPES[to] } });

export const tanh = (g: GraphBuilder, x: FloatValue): FloatValue => g.apply('Tanh', [x], 'float32');
export const relu = (g: GraphBuilder, x: FloatValue): FloatValue => g.apply('Relu', [x], 'float32');
export const exp = (g: GraphBuilder, x: FloatValue): FloatValue => g.apply('Exp', [x], 'float32');
export const erf = (g: GraphBuilder, x: FloatValue): FloatValue => g.apply('Erf', [x], 'float32');
export const neg = (g: GraphBuilder, x: FloatValue): FloatValue => g.apply('Neg', [x], 'float32');
export const sigmoid = (g: GraphBuilder, x: FloatValue): FloatValue => g.apply('Sigmoid', [x], 'float32');

/** These three have no gradient. */
export const abs = (g: GraphBuilder, x: FloatValue): FloatValue => g.apply('Abs', [x], 'float32');
export const log = (g: GraphBuilder, x: FloatValue): FloatValue => g.apply('Log', [x], 'float32');
export const max = (g: GraphBuilder, ...values: readonly FloatValue[]): FloatValue => g.apply('Max', values, 'float32');

/** x·Φ(x): exact (erf), or the tanh approximation that GPT-2 calls `gelu_new`. */
export const gelu = (g: GraphBuilder, x: FloatValue, approximate: 'none' | 'tanh' = 'none'): FloatValue =>
  g.apply('Gelu', [x], 'float32', { approximate: { string: approximate } });

/** The tanh approximation as one fused kernel. */
export const fastGelu = (g: GraphBuilder, x: FloatValue): FloatValue =>
  g.apply('FastGelu', [x], 'float32', {}, 'com.microsoft');

/**
 * The tanh approximation written as x·σ(x·q), for training: what the gradient needs is at hand, and the values are nearer
 * the reference's than the fused kernel's.
 */
export function sigmoidGelu(g: GraphBuilder, x: FloatValue): FloatValue {
  const parts = sigmoidGeluParts(g, x);
  const y = mul(g, x, parts.share);
  g.differentiateAs(y, [x], ({ gradient }) => [() => mul(g, gradient, sigmoidGeluSlope(g, x, y, parts))]);
  return y;
}

/** x·σ(1.702x), CLIP's activation. */
export const quickGelu = (g: GraphBuilder, x: FloatValue): FloatValue =>
  mul(g, x, sigmoid(g, mul(g, x, g.float(1.702))));

/** `x` where `condition` holds, else `y`. */
export const where = (g: GraphBuilder, condition: Value<'bool'>, x: FloatValue, y: FloatValue): FloatValue =>
  g.apply('Where', [condition, x, y], 'float32');

export const greater = (g: GraphBuilder, a: Value, b: Value): Value<'bool'> => g.apply('Greater', [a, b], 'bool');

/**
 * `x` where `isKept` (of its shape) holds, scaled so that the mean stays, else 0: dropout of `share`. What is dropped is
 * said from outside, so that a run can be repeated, and by another engine.
 */
export const dropout = (g: GraphBuilder, x: FloatValue, isKept: Value<'bool'>, share: number): FloatValue =>
  where(g, isKept, mul(g, x, g.float(1 / (1 - share))), g.float(0));

export const arithmeticGradients: GradientRules = {
  Add: (step) => [() => toOperand(step, step.gradient, 0), () => toOperand(step, step.gradient, 1)],
  Sub: (step) => [() => toOperand(step, step.gradient, 0), () => toOperand(step, neg(step.g, step.gradient), 1)],
  Mul: (step) => {
    const { g, gradient } = step;
    return [
      () => toOperand(step, mul(g, gradient, step.input(1)), 0),
      () => toOperand(step, mul(g, gradient, step.input(0)), 1),
    ];
  },
  // d(a/b) = da/b - (a/b)/b·db
  Div: (step) => {
    const { g, gradient, output } = step;
    const byNumerator = once(() => div(g, gradient, step.input(1)));
    return [() => toOperand(step, byNumerator(), 0), () => toOperand(step, neg(g, mul(g, byNumerator(), output)), 1)];
  },
  Neg: ({ g, gradient }) => [() => neg(g, gradient)],
  Exp: (step) => [() => mul(step.g, step.gradient, step.output)],
  Tanh: ({ g, gradient, output: y }) => [() => mul(g, gradient, sub(g, g.float(1), mul(g, y, y)))],
  Sigmoid: ({ g, gradient, output: y }) => [() => mul(g, gradient, mul(g, y, sub(g, g.float(1), y)))],
  // By a product, since `Where` over a scalar takes onnxruntime three times as long.
  Relu: ({ g, gradient, output: y }) => [() => mul(g, gradient, cast(g, greater(g, y, g.float(0)), 'float32'))],
  Gelu: (step) => {
    const approximate = step.node.attributes['approximate'];
    const isExact = !approximate || !('string' in approximate) || approximate.string === 'none';
    return [() => mul(step.g, step.gradient, isExact ? geluSlope(step.g, step.input(0)) : fusedGeluSlope(step))];
  },
  FastGelu: (step) => [() => mul(step.g, step.gradient, fusedGeluSlope(step))],
  // d erf(x) = 2/√π·exp(-x²)
  Erf: (step) => {
    const { g, gradient } = step;
    const x = step.input(0);
    return [() => mul(g, gradient, mul(g, g.float(2 / Math.sqrt(Math.PI)), exp(g, neg(g, mul(g, x, x)))))];
  },
  Where: (step) => {
    const { g, gradient } = step;
    const condition = step.node.inputs[0] as Value<'bool'>;
    return [
      undefined,
      () => toOperand(step, where(g, condition, gradient, g.float(0)), 1),
      () => toOperand(step, where(g, condition, g.float(0), gradient), 2),
    ];
  },
};

/** `gradient`, which has the output's shape, summed to operand `index`'s where that was broadcast. */
function toOperand({ g, node, output }: BackwardStep, gradient: FloatValue, index: number): FloatValue {
  const operand = node.inputs[index]!;
  const others = node.inputs.filter((other) => other !== operand);
  const isSurelyWhole = areSame(output.dims, operand.dims) || others.every((other) => other?.dims?.length === 0);
  return isSurelyWhole ? gradient : sumToShapeOf(g, gradient, operand);
}

/** Φ(x) + x·φ(x) */
function geluSlope(g: GraphBuilder, x: FloatValue): FloatValue {
  const distribution = mul(g, g.float(0.5), add(g, g.float(1), erf(g, mul(g, x, g.float(Math.SQRT1_2)))));
  const density = mul(g, g.float(1 / Math.sqrt(2 * Math.PI)), exp(g, mul(g, g.float(-0.5), mul(g, x, x))));
  return add(g, distribution, mul(g, x, density));
}

const fusedGeluSlope = (step: BackwardStep): FloatValue =>
  sigmoidGeluSlope(step.g, step.input(0), step.output, sigmoidGeluParts(step.g, step.input(0)));

/** Of y = x·s, s = σ(x·q): s·(1 + (x - y)·d(x·q)/dx), as σ' = σ·(1 - σ). */
function sigmoidGeluSlope(g: GraphBuilder, x: FloatValue, y: FloatValue, { square, share }: SigmoidGelu): FloatValue {
  const exponentSlope = add(g, mul(g, square, g.float(3 * CUBIC)), g.float(LINEAR));
  return mul(g, share, add(g, g.float(1), mul(g, sub(g, x, y), exponentSlope)));
}

interface SigmoidGelu {
  /** x² */
  readonly square: FloatValue;
  /** σ(x·q) with q = 2√(2/π)·(1 + 0.044715x²) */
  readonly share: FloatValue;
}

function sigmoidGeluParts(g: GraphBuilder, x: FloatValue): SigmoidGelu {
  const square = mul(g, x, x);
  const q = add(g, mul(g, square, g.float(CUBIC)), g.float(LINEAR));
  return { square, share: sigmoid(g, mul(g, x, q)) };
}

const LINEAR = 2 * Math.sqrt(2 / Math.PI);
const CUBIC = 0.044715 * LINEAR;
