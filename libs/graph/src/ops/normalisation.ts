import { once, type GradientRule, type GradientRules } from '../gradients/gradient-rule.js';
import type { FloatValue, GraphBuilder } from '../graph-builder.js';
import { exp, max, mul, sub } from './arithmetic.js';
import { reduceMax, reduceMean, reduceSum, sumToShapeOf } from './reduction.js';

/** Over the last axis, with weight and bias. */
export const layerNormalization = (
  g: GraphBuilder,
  x: FloatValue,
  weight: FloatValue,
  bias: FloatValue,
  epsilon: number,
): FloatValue =>
  g.apply('LayerNormalization', [x, weight, bias], 'float32', { axis: { int: -1 }, epsilon: { float: epsilon } });

/**
 * Per channel of x [B, C, …], by the mean and variance that training kept: (x - mean)/√(variance + epsilon)·weight + bias.
 * For inference only: it has no gradient.
 */
export const batchNormalization = (
  g: GraphBuilder,
  x: FloatValue,
  { weight, bias, mean, variance }: ChannelStatistics,
  epsilon: number,
): FloatValue =>
  g.apply('BatchNormalization', [x, weight, bias, mean, variance], 'float32', { epsilon: { float: epsilon } });

/** Each [C]. */
export interface ChannelStatistics {
  readonly weight: FloatValue;
  readonly bias: FloatValue;
  readonly mean: FloatValue;
  readonly variance: FloatValue;
}

/** Over the last axis. */
export const softmax = (g: GraphBuilder, x: FloatValue): FloatValue =>
  g.apply('Softmax', [x], 'float32', { axis: { int: -1 } });

/**
 * Over the last axis of scores [..., T], some of which are masked by a large negative number. What is more than 60 below
 * its row's best is raised to 60 below it, so that its share is 1e-26 instead of 0: over what is no normal number
 * onnxruntime's CPU kernel takes three times as long, and of what a decoder attends to most is masked.
 */
export function maskedSoftmax(g: GraphBuilder, scores: FloatValue): FloatValue {
  const least = sub(g, reduceMax(g, scores, -1), g.float(NEGLIGIBLE));
  const y = softmax(g, max(g, scores, least));
  g.differentiateAs(y, [scores], softmaxGradient);
  return scores.dims ? g.sized(y, scores.dims) : y;
}

/** exp(-60) is 1e-26: beside 1 nothing, in fp32 and in fp64. */
const NEGLIGIBLE = 60;

/** Over the last axis. */
export const logSoftmax = (g: GraphBuilder, x: FloatValue): FloatValue =>
  g.apply('LogSoftmax', [x], 'float32', { axis: { int: -1 } });

export const normalisationGradients: GradientRules = {
  // y = x̂·w + b, x̂ = (x - mean)/σ; by x: (d - mean(d) - x̂·mean(d·x̂))/σ with d = dy·w
  LayerNormalization: (step) => {
    const { g, gradient } = step;
    const statistics = once(() => g.extraOutputs(step.output, ['float32', 'float32']));
    const standardised = once(() => {
      const [mean, inverseDeviation] = statistics();
      return mul(g, sub(g, step.input(0), mean), inverseDeviation);
    });
    return [
      () => {
        const d = mul(g, gradient, step.input(1));
        const alongNormal = reduceMean(g, mul(g, d, standardised()), [-1]);
        const centred = sub(g, d, reduceMean(g, d, [-1]));
        return mul(g, sub(g, centred, mul(g, standardised(), alongNormal)), statistics()[1]);
      },
      () => sumToShapeOf(g, mul(g, gradient, standardised()), step.input(1)),
      () => sumToShapeOf(g, gradient, step.input(2)),
    ];
  },
  Softmax: (step) => softmaxGradient(step),
  // dx = dy - softmax(x)·Σ dy
  LogSoftmax: (step) => {
    const { g, gradient, output } = step;
    return [() => sub(g, gradient, mul(g, exp(g, output), reduceSum(g, gradient, [-1])))];
  },
};

/** dx = y·(dy - Σ dy·y) */
const softmaxGradient: GradientRule = ({ g, gradient, output }) => [
  () => {
    const weighted = mul(g, gradient, output);
    return sub(g, weighted, mul(g, output, reduceSum(g, weighted, [-1])));
  },
];
