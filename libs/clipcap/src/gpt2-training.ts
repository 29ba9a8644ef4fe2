import { op, type FloatValue, type GraphBuilder, type Int64Value, type Value } from '@housestyle/graph';
import type { Gpt2Config } from './gpt2-config.js';
import { conv1d, gpt2Mlp, headParts, lookUp } from './gpt2-layers.js';
import { layerNorm, type Model } from './layers.js';

/**
 * GPT-2 as it is trained: whole captions at once behind their prefix, no cache, a loss instead of words. B captions;
 * K positions of the prefix, S words behind them, L = K + S; C channels in H heads of D; N predictions that count.
 * Captions are padded at the end: no position sees a later one, so padding needs no mask but to stay out of `rows`.
 */

/** Attention over each caption, before its output projection: [B·L, C] → [B·L, C]. */
function attend(m: Model, x: FloatValue, layer: number, config: Gpt2Config, pass: Pass): FloatValue {
  const { g } = m;
  const { width: C, numHeads: H } = config;
  const projected = conv1d(m, x, `transformer.h.${layer}.attn.c_attn`, [C, 3 * C]);
  const qkv = g.sized(op.reshape(g, projected, pass.heads), ['B', 'L', 3 * H, C / H]);
  const [q, k, v] = op.split(g, op.transpose(g, qkv, [0, 2, 1, 3]), 3, 1) as [FloatValue, FloatValue, FloatValue];
  const scores = op.fusedMatMul(g, q, k, { transB: true, alpha: config.attentionScales[layer]! }); // [B, H, L, L]
  const shares = pass.drop(op.maskedSoftmax(g, op.add(g, scores, pass.mask)), ['B', H, 'L', 'L'], 'attention');
  const context = op.transpose(g, op.matMul(g, shares, v), [0, 2, 1, 3]);
  return g.sized(op.reshape(g, context, [-1, C]), ['B*L', C]);
}

/** After the last layer's attention only the rows that count go on: [B·L, C] → [N, C]. */
function block(m: Model, x: FloatValue, layer: number, config: Gpt2Config, pass: Pass): FloatValue {
  const { g } = m;
  const { width: C, layerNormEpsilon: eps } = config;
  const key = `transformer.h.${layer}`;
  const isLast = layer === config.numLayers - 1;
  const goesOn = (rows: FloatValue) => (isLast ? op.gather(g, rows, pass.rows) : rows);
  const drop = (y: FloatValue) => pass.drop(y, [isLast ? 'N' : 'B*L', C], 'residual');
  const context = attend(m, layerNorm(m, x, `${key}.ln_1`, C, eps), layer, config, pass);
  const y = op.add(g, goesOn(x), drop(conv1d(m, goesOn(context), `${key}.attn.c_proj`, [C, C])));
  return op.add(g, y, drop(gpt2Mlp(m, layerNorm(m, y, `${key}.ln_2`, C, eps), `${key}.mlp`, config)));
}

/**
 * The loss of captions behind their prefixes: prefix [B, K, C] and the inputs `input_ids` [B, S], `rows` [N] of [B·L]
 * whose next word counts, `targets` [N], that word, `weights` [N, 1] → Σ weight·cross-entropy, a scalar.
 * @throws DomainError `invalid_model` when the weights contradict the configuration.
 */
export function captionLoss(m: Model, prefix: FloatValue, config: Gpt2Config, dropout?: Dropout): FloatValue {
  const { g, weights } = m;
  const { width: C, numPositions, numHeads: H } = config;
  const ids = g.input('input_ids', 'int64', ['B', 'S']);
  const targets = g.input('targets', 'int64', ['N']);
  const ofTargets = g.input('weights', 'float32', ['N', 1]);
  const words = op.concat(g, [prefix, lookUp(m, ids, config)], 1); // [B, L, C]
  const length = op.shape(g, words, 1, 2);
  const positions = op.slice(g, g.weight(weights, 'transformer.wpe.weight', [numPositions, C]), 0, 0, length);
  const drop: Pass['drop'] = (x, dims, site) => (dropout ? dropout(x, dims, site) : x);
  const pass: Pass = {
    rows: g.input('rows', 'int64', ['N']),
    mask: causalMask(g, length),
    heads: op.concat(g, [op.shape(g, words, 0, 2), g.ints(3 * H, C / H)], 0),
    drop,
  };
  const rows = g.sized(op.reshape(g, op.add(g, words, positions), [-1, C]), ['B*L', C]);
  let x = drop(rows, ['B*L', C], 'embedding');
  for (let layer = 0; layer < config.numLayers; layer++) x = block(m, x, layer, config, pass);
  const normed = layerNorm(m, x, 'transformer.ln_f', C, config.layerNormEpsilon);
  return op.tableCrossEntropy(g, headParts(m, normed, config), targets, ofTargets);
}

/** Where GPT-2 drops values while it is tuned; each place has a share of its own in the configuration. */
export type DropoutSite = 'embedding' | 'attention' | 'residual';
export type Dropout = (x: FloatValue, dims: readonly (number | string)[], site: DropoutSite) => FloatValue;

interface Pass {
  readonly rows: Int64Value;
  /** [L, L] */
  readonly mask: FloatValue;
  /** the shape [B, L, 3H, D] */
  readonly heads: Int64Value;
  readonly drop: Dropout;
}

/** [L, L]: 0 where a position may look, as good as -∞ where the future is. */
function causalMask(g: GraphBuilder, length: Int64Value): FloatValue {
  const positions = op.range(g, length);
  const isFuture: Value<'bool'> = op.greater(g, op.unsqueeze(g, positions, 0), op.unsqueeze(g, positions, 1));
  return g.sized(op.where(g, isFuture, g.float(HIDDEN), g.float(0)), ['L', 'L']);
}

/** The least fp32 number, as the reference masks with. */
const HIDDEN = -3.4028234663852886e38;
