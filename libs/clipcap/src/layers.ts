import {
  op,
  type Dim,
  type FloatValue,
  type GraphBuilder,
  type Int64Value,
  type WeightSource,
} from '@housestyle/graph';
import { HalfLinears } from './quantisation/half-linears.js';
import { QuantisedLinears } from './quantisation/quantised-linears.js';
import type { PrecisionOptions } from './quantisation/precision.js';

/** A graph under construction and the checkpoint it takes its weights from. */
export interface Model {
  readonly g: GraphBuilder;
  readonly weights: WeightSource;
  /** whether the graph is differentiated: then formulas with short gradients stand in for fused kernels. */
  readonly isTrained?: boolean;
  /** computes the linear layers in 8 bits; absent, and no `half` either: they are computed in fp32. */
  readonly quantised?: QuantisedLinears;
  /** computes them in half precision. */
  readonly half?: HalfLinears;
  /** see `PrecisionOptions.isForGpu`. */
  readonly isForGpu?: boolean;
  /** told what goes into every linear layer, by its name. */
  readonly watch?: (x: FloatValue, key: string) => void;
  /** What a low-rank delta adds to the linear layer `key` of input `x`; undefined where it adds nothing. */
  readonly delta?: (x: FloatValue, key: string, sizes: LinearSizes) => FloatValue | undefined;
  /** What a low-rank delta adds to the decoder's word table; absent: nothing. */
  readonly words?: WordDelta;
}

/** A change A·B of a word table [V, C], where words are looked up in it and where they are predicted by it. */
export interface WordDelta {
  /** ids [B, S] → what their embeddings become longer by, [B, S, C]. */
  lookUp(ids: Int64Value): FloatValue;
  /** hidden [N, C] → what the logits become larger by, as hidden [N, r] against a table [V, r]. */
  predict(hidden: FloatValue): op.TablePart;
}

export type LinearSizes = readonly [input: number, output: number];

/** PyTorch's Linear: x [M, in] → [M, out]; `key`.weight [out, in], `key`.bias [out] unless `hasBias` is false. */
export function linear(
  m: Model,
  x: FloatValue,
  key: string,
  [out, input]: readonly [out: number, input: number],
  { hasBias = true } = {},
): FloatValue {
  const { g, weights, quantised } = m;
  m.watch?.(x, key);
  if (quantised) {
    const group = { keys: [key], input, outputs: [out], isOutputFirst: true, hasBias };
    return adapted(m, quantised.apply(x, group), x, key, [input, out]);
  }
  if (m.half) {
    return adapted(m, m.half.apply(x, key, { input, output: out, isOutputFirst: true, hasBias }), x, key, [input, out]);
  }
  const w = g.weight(weights, `${key}.weight`, [out, input]);
  const y = op.gemm(g, x, w, hasBias ? g.weight(weights, `${key}.bias`, [out]) : undefined, { transB: true });
  return adapted(m, y, x, key, [input, out]);
}

/**
 * Several of PyTorch's Linear on the same x [M, in], all with a bias or all without: → [M, out] of each. In 8 bits they
 * are one.
 */
export function linears(
  m: Model,
  x: FloatValue,
  layers: readonly { readonly key: string; readonly out: number }[],
  { input, hasBias = true }: { readonly input: number; readonly hasBias?: boolean },
): FloatValue[] {
  const { g, quantised } = m;
  if (!quantised) return layers.map(({ key, out }) => linear(m, x, key, [out, input], { hasBias }));
  for (const { key } of layers) m.watch?.(x, key);
  const outputs = layers.map(({ out }) => out);
  const keys = layers.map(({ key }) => key);
  const group = { keys, input, outputs, isOutputFirst: true, hasBias };
  const all = quantised.apply(x, group);
  let from = 0;
  return op.splitInto(g, all, outputs, -1).map((y, n) => {
    const { key, out } = layers[n]!;
    quantised.noteWithin(y, all, [from, (from += out)]);
    return adapted(m, y, x, key, [input, out]);
  });
}

/** A `watch` that says how far each channel of what goes into a linear layer goes: outputs `reach.<layer>` [in]. */
export const reachOutputs =
  (g: GraphBuilder): NonNullable<Model['watch']> =>
  (x, key) =>
    g.output(`${REACH}${key}`, op.reshape(g, op.reduceMax(g, op.abs(g, x), 0), [-1]), ['in']);

export const REACH = 'reach.';

/** What computes a graph's linear layers, to be spread into its model. */
export function precisionOf(
  g: GraphBuilder,
  weights: WeightSource,
  options: PrecisionOptions,
): Pick<Model, 'quantised' | 'half' | 'isForGpu'> {
  const { precision = 'fp32', isForGpu = false } = options;
  switch (precision) {
    case 'fp32':
      return { isForGpu };
    case 'fp16':
      return { isForGpu, half: new HalfLinears(g, weights) };
    case 'int8':
    case 'int8-static':
      return { isForGpu, quantised: new QuantisedLinears(g, weights, options) };
  }
}

/** The output `y` of the linear layer `key`, with what its delta adds. */
export function adapted(m: Model, y: FloatValue, x: FloatValue, key: string, sizes: LinearSizes): FloatValue {
  const { g, delta } = m;
  const added = delta?.(x, key, sizes);
  return added ? within(m, op.add(g, y, added), y) : y;
}

/** x [M, C] → [M, C] */
export function layerNorm(
  { g, weights, quantised }: Model,
  x: FloatValue,
  key: string,
  width: number,
  epsilon: number,
): FloatValue {
  const [w, b] = [g.weight(weights, `${key}.weight`, [width]), g.weight(weights, `${key}.bias`, [width])];
  const y = op.layerNormalization(g, x, w, b, epsilon);
  quantised?.noteNorm(y, { x, key, epsilon });
  return y;
}

/** What an activation or a mean makes of `x`: `y` reaches no further. */
export function within({ quantised }: Model, y: FloatValue, x: FloatValue): FloatValue {
  quantised?.noteWithin(y, x);
  return y;
}

/**
 * softmax(q·kᵀ/√D + mask)·v over heads: q, k, v [B·T, C] → [B·T, C]. `heads` is the shape [B, T, H, D] as a value;
 * `mask`, if any, is added to the scores [B, H, T, T].
 */
export function attention(
  m: Model,
  [q, k, v]: readonly [FloatValue, FloatValue, FloatValue],
  heads: Int64Value,
  { width, headWidth, mask, sizes }: AttentionOptions,
): FloatValue {
  const { g } = m;
  const sized = (x: FloatValue) => (sizes ? g.sized(x, sizes) : x);
  const perHead = (x: FloatValue) => op.transpose(g, sized(op.reshape(g, x, heads)), [0, 2, 1, 3]); // → [B, H, T, D]
  const scaled = scores(m, perHead(q), perHead(k), headWidth ** -0.5); // [B, H, T, T]
  const softmax = mask && !m.isForGpu ? op.maskedSoftmax : op.softmax;
  const shares = softmax(g, mask ? op.add(g, scaled, mask) : scaled);
  const context = op.matMul(g, shares, perHead(v)); // [B, H, T, D]
  return op.reshape(g, op.transpose(g, context, [0, 2, 1, 3]), [-1, width]);
}

interface AttentionOptions {
  readonly width: number;
  readonly headWidth: number;
  /** [B, H, T, T] */
  readonly mask?: FloatValue;
  /** [B, T, H, D] as far as it is known beforehand, which makes a backward pass shorter. */
  readonly sizes?: readonly Dim[];
}

/** scale·q·kᵀ over heads: q [B, H, S, D], k [B, H, T, D] → [B, H, S, T] */
export function scores({ g, isForGpu }: Model, q: FloatValue, k: FloatValue, scale: number): FloatValue {
  if (!isForGpu) return op.fusedMatMul(g, q, k, { transB: true, alpha: scale });
  // WebGPU has no kernel for the fused product.
  return op.matMul(g, op.mul(g, q, g.float(scale)), op.transpose(g, k, [0, 1, 3, 2]));
}

/** The k best of each row by the logarithm of their share: logits [R, V] → [R, k], best first, and which they are. */
export function likeliest(
  { g, isForGpu }: Model,
  logits: FloatValue,
  k: Int64Value,
  vocabSize: number,
): [FloatValue, Int64Value] {
  if (!isForGpu) {
    const size = blockSizeOf(vocabSize);
    const logProbs = op.logSoftmax(g, logits);
    return size === undefined ? op.topK(g, logProbs, k) : op.topKInBlocks(g, logProbs, k, { width: vocabSize, size });
  }
  // WebGPU has no kernel for the logarithm of a softmax.
  const [best, ids] = op.topK(g, logits, k);
  return [op.sub(g, best, op.reduceLogSumExp(g, logits)), ids];
}

/** 29 for GPT-2's words; undefined for so few that blocks gain nothing, and for a number that has no such divisor. */
function blockSizeOf(vocabSize: number): number | undefined {
  if (vocabSize < MANY_WORDS) return undefined;
  return BLOCK_SIZES.find((size) => vocabSize % size === 0);
}

const MANY_WORDS = 8192;
/** 24 to 96, those about 32 first. */
const BLOCK_SIZES = Array.from({ length: 73 }, (_, n) => 24 + n).sort((a, b) => Math.abs(a - 32) - Math.abs(b - 32));
