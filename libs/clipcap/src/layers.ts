import { op, type FloatValue, type GraphBuilder, type Int64Value, type WeightSource } from '@housestyle/graph';

/** A graph under construction and the checkpoint it takes its weights from. */
export interface Model {
  readonly g: GraphBuilder;
  readonly weights: WeightSource;
  /** whether the graph is differentiated: then formulas with short gradients stand in for fused kernels. */
  readonly isTrained?: boolean;
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
  const { g, weights } = m;
  const w = g.weight(weights, `${key}.weight`, [out, input]);
  const y = op.gemm(g, x, w, hasBias ? g.weight(weights, `${key}.bias`, [out]) : undefined, { transB: true });
  return adapted(m, y, x, key, [input, out]);
}

/** The output `y` of the linear layer `key`, with what its delta adds. */
export function adapted(
  { g, delta }: Model,
  y: FloatValue,
  x: FloatValue,
  key: string,
  sizes: LinearSizes,
): FloatValue {
  const added = delta?.(x, key, sizes);
  return added ? op.add(g, y, added) : y;
}

/** x [M, C] → [M, C] */
export function layerNorm(
  { g, weights }: Model,
  x: FloatValue,
  key: string,
  width: number,
  epsilon: number,
): FloatValue {
  const [w, b] = [g.weight(weights, `${key}.weight`, [width]), g.weight(weights, `${key}.bias`, [width])];
  return op.layerNormalization(g, x, w, b, epsilon);
}

/**
 * softmax(q·kᵀ/√D + mask)·v over heads: q, k, v [B·T, C] → [B·T, C]. `heads` is the shape [B, T, H, D] as a value;
 * `mask`, if any, is added to the scores [B, H, T, T].
 */
export function attention(
  g: GraphBuilder,
  [q, k, v]: readonly [FloatValue, FloatValue, FloatValue],
  heads: Int64Value,
  { width, headWidth, mask }: { readonly width: number; readonly headWidth: number; readonly mask?: FloatValue },
): FloatValue {
  const perHead = (x: FloatValue) => op.transpose(g, op.reshape(g, x, heads), [0, 2, 1, 3]); // [B·T, C] → [B, H, T, D]
  const scaled = op.fusedMatMul(g, perHead(q), perHead(k), { transB: true, alpha: headWidth ** -0.5 }); // [B, H, T, T]
  const shares = op.softmax(g, mask ? op.add(g, scaled, mask) : scaled);
  const context = op.matMul(g, shares, perHead(v)); // [B, H, T, D]
  return op.reshape(g, op.transpose(g, context, [0, 2, 1, 3]), [-1, width]);
}
