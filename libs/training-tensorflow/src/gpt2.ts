import { WORD_TABLE, type DropoutSite, type Gpt2Config } from '@housestyle/clipcap';
import type { BatchTensors } from './batch-tensors.js';
import { conv1d, gelu, layerNorm, sigmoidGelu, type Model } from './layers.js';
import { tableCrossEntropy, type TablePart } from './table-cross-entropy.js';
import type { Tensor } from './tensorflow.js';

/**
 * GPT-2 as it is trained, the same as libs/clipcap's: B captions; K positions of the prefix, S words behind them,
 * L = K + S; C channels in H heads of D; N predictions that count.
 */

/** Attention over each caption, before its output projection: [B·L, C] → [B·L, C]. */
function attend(m: Model, x: Tensor, layer: number, config: Gpt2Config, pass: Pass): Tensor {
  const { tf } = m;
  const { width: C, numHeads: H } = config;
  const qkv = conv1d(m, x, `transformer.h.${layer}.attn.c_attn`, [C, 3 * C]);
  const heads = tf.transpose(tf.reshape(qkv, [-1, pass.length, 3 * H, C / H]), [0, 2, 1, 3]); // [B, 3H, L, D]
  const [q, k, v] = tf.split(heads, 3, 1) as [Tensor, Tensor, Tensor];
  const scores = tf.mul(tf.matMul(q, k, false, true), config.attentionScales[layer]!); // [B, H, L, L]
  const shares = pass.drop(tf.softmax(tf.add(scores, pass.mask)), 'attention');
  return tf.reshape(tf.transpose(tf.matMul(shares, v), [0, 2, 1, 3]), [-1, C]);
}

/** [M, C] → [M, C] */
function mlp(m: Model, x: Tensor, key: string, { width: C, innerWidth: I, activation }: Gpt2Config): Tensor {
  const inner = conv1d(m, x, `${key}.c_fc`, [C, I]);
  return conv1d(m, activation === 'gelu' ? gelu(m, inner) : sigmoidGelu(m, inner), `${key}.c_proj`, [I, C]);
}

/** After the last layer's attention only the rows that count go on: [B·L, C] → [N, C]. */
function block(m: Model, x: Tensor, layer: number, config: Gpt2Config, pass: Pass): Tensor {
  const { tf } = m;
  const { width: C, numLayers, layerNormEpsilon: eps } = config;
  const key = `transformer.h.${layer}`;
  const goesOn = (rows: Tensor) => (layer === numLayers - 1 ? tf.gather(rows, pass.rows) : rows);
  const context = attend(m, layerNorm(m, x, `${key}.ln_1`, C, eps), layer, config, pass);
  const projected = conv1d(m, goesOn(context), `${key}.attn.c_proj`, [C, C]);
  const y = tf.add(goesOn(x), pass.drop(projected, 'residual'));
  return tf.add(y, pass.drop(mlp(m, layerNorm(m, y, `${key}.ln_2`, C, eps), `${key}.mlp`, config), 'residual'));
}

/** The loss of captions behind their prefixes [B, K, C] → Σ weight·cross-entropy, a scalar. */
export function captionLoss(m: Gpt2Model, prefix: Tensor, batch: BatchTensors, config: Gpt2Config, drop: Drop): Tensor {
  const { tf } = m;
  const { width: C, numPositions } = config;
  const words = tf.concat([prefix, lookUp(m, batch.ids, config)], 1); // [B, L, C]
  const length = words.shape[1]!;
  const positions = tf.slice(m.weight('transformer.wpe.weight', [numPositions, C]), [0, 0], [length, C]);
  let x = drop(tf.reshape(tf.add(words, positions), [-1, C]), 'embedding');
  const pass: Pass = { length, rows: batch.rows, mask: causalMask(m, length), drop };
  for (let layer = 0; layer < config.numLayers; layer++) x = block(m, x, layer, config, pass);
  const normed = layerNorm(m, x, 'transformer.ln_f', C, config.layerNormEpsilon);
  return tableCrossEntropy(tf, headParts(m, normed, config), batch.targets);
}

/** Words [B, S] → their embeddings [B, S, C], by the word table and its delta, if any. */
function lookUp({ tf, weight, pair }: Model, ids: Tensor, { vocabSize: V, width: C }: Gpt2Config): Tensor {
  const found = tf.gather(weight(`${WORD_TABLE}.weight`, [V, C]), ids);
  const delta = pair(WORD_TABLE);
  if (!delta) return found;
  const added = tf.matMul(tf.reshape(tf.gather(delta.a, ids), [-1, delta.a.shape[1]!]), delta.b); // [B·S, C]
  return tf.add(found, tf.reshape(added, found.shape));
}

/** What the logits of hidden rows [N, C] are the sum of; a delta of the word table has no part in a head of its own. */
function headParts(m: Gpt2Model, hidden: Tensor, { vocabSize: V, width: C, isHeadTied }: Gpt2Config): TablePart[] {
  const head = isHeadTied ? `${WORD_TABLE}.weight` : 'lm_head.weight';
  const whole = { hidden, rows: m.weight(head, [V, C]), isTrained: m.isTrained(head) };
  const delta = isHeadTied ? m.pair(WORD_TABLE) : undefined;
  if (!delta) return [whole];
  const ofDelta = { hidden: m.tf.matMul(hidden, delta.b, false, true), rows: delta.a };
  return [whole, { ...ofDelta, isTrained: m.isTrained(`${WORD_TABLE}.A`) }];
}

export interface Gpt2Model extends Model {
  readonly isTrained: (name: string) => boolean;
}

/** What a step's dropout makes of `x`. */
export type Drop = (x: Tensor, site: DropoutSite) => Tensor;

interface Pass {
  /** L */
  readonly length: number;
  /** [N], int32 */
  readonly rows: Tensor;
  /** [L, L] */
  readonly mask: Tensor;
  readonly drop: Drop;
}

/** [L, L]: 0 where a position may look, as good as -∞ where the future is. */
function causalMask({ tf }: Model, length: number): Tensor {
  const mask = new Float32Array(length * length);
  for (let row = 0; row < length; row++) mask.fill(HIDDEN, row * length + row + 1, (row + 1) * length);
  return tf.tensor(mask, [length, length], 'float32');
}

/** The least fp32 number, as the reference masks with. */
const HIDDEN = -3.4028234663852886e38;
