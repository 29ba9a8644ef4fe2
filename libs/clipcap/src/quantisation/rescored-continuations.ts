import { op, type FloatValue, type Int64Value } from '@housestyle/graph';
import type { Gpt2Config } from '../gpt2-config.js';
import { headParts, WORD_TABLE } from '../gpt2-layers.js';
import type { Model } from '../layers.js';

export interface ScoredContinuations {
  /** [R, V], of the table in 8 bits. */
  readonly logits: FloatValue;
  /** [R, k] */
  readonly logProbs: FloatValue;
  readonly ids: Int64Value;
}

/**
 * The k likeliest words behind hidden rows [R, C]. The table in 8 bits says which words come into question; those are
 * scored again in fp32, and what all words' probabilities sum to is put right by as much as theirs have changed.
 */
export function rescoredContinuations(
  m: Model,
  hidden: FloatValue,
  k: Int64Value,
  config: Gpt2Config,
): ScoredContinuations {
  const { g, quantised } = m;
  const { vocabSize: V, width: C } = config;
  const key = config.isHeadTied ? WORD_TABLE : 'lm_head';
  m.watch?.(hidden, key);
  const rough = quantised!.apply(hidden, { keys: [key], input: C, outputs: [V], isOutputFirst: true, hasBias: false });
  const [whole, change] = headParts(m, hidden, config);
  const changes = change && op.gemm(g, change.hidden, change.table, undefined, { transB: true });
  const logits = changes ? op.add(g, rough, changes) : rough;

  const candidates = g.apply('Max', [k, g.ints(Math.min(V, CANDIDATES))], 'int64');
  const [roughProbs, places] = op.topK(g, op.logSoftmax(g, logits), candidates); // [R, n]
  const rows = op.gather(g, whole!.table, places); // [R, n, C]
  const scores = op.squeeze(g, op.matMul(g, rows, op.unsqueeze(g, hidden, -1)), -1);
  const error = op.sub(g, scores, op.gatherElements(g, rough, places));
  const unscaled = op.add(g, roughProbs, error);
  const others = op.sub(g, g.float(1), op.reduceSum(g, op.exp(g, roughProbs), [-1]));
  const total = op.add(g, op.max(g, others, g.float(0)), op.reduceSum(g, op.exp(g, unscaled), [-1]));
  const [logProbs, order] = op.topK(g, op.sub(g, unscaled, op.log(g, total)), k);
  return { logits, logProbs, ids: op.gatherElements(g, places, order) };
}

/** Words that are scored again: many times as many as a search looks at. */
const CANDIDATES = 32;
