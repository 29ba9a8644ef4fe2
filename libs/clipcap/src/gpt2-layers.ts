import { op, type FloatValue, type Int64Value } from '@housestyle/graph';
import type { Gpt2Config } from './gpt2-config.js';
import { adapted, within, type LinearSizes, type Model } from './layers.js';

/** What GPT-2 is made of for inference and for training alike. M rows of C channels. */

/** HF's Conv1D: x [M, in] → [M, out]; `key`.weight [in, out]. */
export function conv1d(m: Model, x: FloatValue, key: string, shape: LinearSizes): FloatValue {
  const { g, weights, quantised } = m;
  m.watch?.(x, key);
  if (quantised) {
    const [input, out] = shape;
    const group = { keys: [key], input, outputs: [out], isOutputFirst: false, hasBias: true };
    return adapted(m, quantised.apply(x, group), x, key, shape);
  }
  const y = op.gemm(g, x, g.weight(weights, `${key}.weight`, shape), g.weight(weights, `${key}.bias`, [shape[1]]));
  return adapted(m, y, x, key, shape);
}

/** Where words are looked up and, unless the head has one of its own, predicted. */
export const WORD_TABLE = 'transformer.wte';

/** Words [B, S] → their embeddings [B, S, C]. */
export function lookUp(m: Model, ids: Int64Value, { vocabSize: V, width: C }: Gpt2Config): FloatValue {
  const { g, weights, words } = m;
  const found = op.gather(g, g.weight(weights, `${WORD_TABLE}.weight`, [V, C]), ids);
  return words ? op.add(g, found, words.lookUp(ids)) : found;
}

/**
 * What the logits of hidden rows [N, C] are the sum of. A delta of the word table has no part in a head of its own: it is
 * a change of that table and of nothing else.
 */
export function headParts(m: Model, hidden: FloatValue, config: Gpt2Config): op.TablePart[] {
  const { g, weights, words } = m;
  const { vocabSize: V, width: C, isHeadTied } = config;
  const table = g.weight(weights, isHeadTied ? `${WORD_TABLE}.weight` : 'lm_head.weight', [V, C]);
  return [{ hidden, table }, ...(words && isHeadTied ? [words.predict(hidden)] : [])];
}

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
