import { op, type FloatValue } from '@housestyle/graph';
import type { Gpt2Config } from './gpt2-config.js';
import { adapted, type LinearSizes, type Model } from './layers.js';

/** What GPT-2 is made of for inference and for training alike. M rows of C channels. */

/** HF's Conv1D: x [M, in] → [M, out]; `key`.weight [in, out]. */
export function conv1d(m: Model, x: FloatValue, key: string, shape: LinearSizes): FloatValue {
  const { g, weights } = m;
  const y = op.gemm(g, x, g.weight(weights, `${key}.weight`, shape), g.weight(weights, `${key}.bias`, [shape[1]]));
  return adapted(m, y, x, key, shape);
}

/** [M, C] → [M, C] */
export function gpt2Mlp(m: Model, x: FloatValue, key: string, config: Gpt2Config): FloatValue {
  const { width: C, innerWidth: I } = config;
  return conv1d(m, activate(m, conv1d(m, x, `${key}.c_fc`, [C, I]), config), `${key}.c_proj`, [I, C]);
}

function activate({ g, isTrained }: Model, x: FloatValue, { activation }: Gpt2Config): FloatValue {
  if (activation === 'gelu') return op.gelu(g, x);
  return isTrained ? op.sigmoidGelu(g, x) : op.fastGelu(g, x);
}
