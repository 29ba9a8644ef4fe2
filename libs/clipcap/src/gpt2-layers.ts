import { op, type FloatValue, type Int64Value } from '@housestyle/graph';
import type { Gpt2Config } from './gpt2-config.js';
import { areHalvesQuicker, halvedProduct } from './halved-product.js';
import { adapted, within, type LinearSizes, type Model } from './layers.js';

/** What GPT-2 is made of for inference and for training alike. M rows of C channels. */

/** HF's Conv1D: x [M, in] → [M, out]; `key`.weight [in, out]. */
export function conv1d(m: Model, x: FloatValue, key: string, shape: LinearSizes): FloatValue {
  const { g, weights, quantised } = m;
  const [input, out] = shape;
  m.watch?.(x, key);
  if (m.half) {
    return adapted(m, m.half.apply(x, key, { input, output: out, isOutputFirst: false, hasBias: true }), x, key, shape);
  }
  if (quantised) {
    const group = { keys: [key], input, outputs: [out], isOutputFirst: false, hasBias: true };
    return adapted(m, quantised.apply(x, group), x, key, shape);
  }
  const bias = g.weight(weights, `${key}.bias`, [out]);
  const isHalved = !m.isTrained && !m.isForGpu && areHalvesQuicker(shape);
  const y = isHalved
    ? halvedProduct(m, x, key, shape, bias)
    : op.gemm(g, x, g.weight(weights, `${key}.weight`, shape), bias);
  return adapted(m, y, x, key, shape);
}

/** Where words are looked up and, unless the head has one of its own, predicted. */
export const WORD_TABLE = 'transformer.wte';

/** Words [B, S] → their embeddings [B, S, C]. */
export function lookUp(m: Model, ids: Int64Value, { vocabSize: V, width: C }: Gpt2Config): FloatValue {
  const { g, words } = m;
  const found = rowsOfTable(m, ids, WORD_TABLE, [V, C]);
  return words ? op.add(g, found, words.lookUp(ids)) : found;
}

/** Rows of the table `key` [V, C] by number. */
export function rowsOfTable(m: Model, ids: Int64Value, key: string, sizes: LinearSizes): FloatValue {
  const { g, weights, half } = m;
  return half ? half.lookUp(ids, key, sizes) : op.gather(g, g.weight(weights, `${key}.weight`, sizes), ids);
}

/**
 * What the logits of hidden rows [N, C] are the sum of. A delta of the word table has no part in a head of its own: it is
 * a change of that table and of nothing else.
 */
export function headParts(m: Model, hidden: FloatValue, config: Gpt2Config): op.TablePart[] {
  const { g, weights } = m;
  const { vocabSize: V, width: C } = config;
  const table = g.weight(weights, `${headKey(config)}.weight`, [V, C]);
  const change = headChange(m, hidden, config);
  return [{ hidden, table }, ...(change ? [change] : [])];
}

/** What a delta of the word table adds to the logits of hidden rows. */
export const headChange = ({ words }: Model, hidden: FloatValue, { isHeadTied }: Gpt2Config) =>
  isHeadTied ? words?.predict(hidden) : undefined;

/** Which table words are predicted by. */
export const headKey = ({ isHeadTied }: Gpt2Config): string => (isHeadTied ? WORD_TABLE : 'lm_head');

/** [M, C] → [M, C] */
export function gpt2Mlp(m: Model, x: FloatValue, key: string, config: Gpt2Config): FloatValue {
  const { width: C, innerWidth: I } = config;
  const hidden = conv1d(m, x, `${key}.c_fc`, [C, I]);
  return conv1d(m, within(m, activate(m, hidden, config), hidden), `${key}.c_proj`, [I, C]);
}

function activate({ g, isTrained }: Model, x: FloatValue, { activation }: Gpt2Config): FloatValue {
  if (activation === 'gelu') return op.gelu(g, x);
  return isTrained ? op.sigmoidGelu(g, x) : op.fastGelu(g, x);
}
