import { op, type FloatValue, type Int64Value } from '@housestyle/graph';
import type { Gpt2Config } from '../gpt2-config.js';
import { headChange, headKey, rowsOfTable } from '../gpt2-layers.js';
import { likeliest, type LinearSizes, type Model } from '../layers.js';

export interface ScoredContinuations {
  /** [R, V], of the rougher table or the rougher product. */
  readonly logits: FloatValue;
  /** [R, k] */
  readonly logProbs: FloatValue;
  readonly ids: Int64Value;
}

/**
 * The k likeliest words behind hidden rows [R, C]. The table in 8 bits, or the product in half precision, whose steps are
 * 1/16 for logits about 100, says which words come into question; those are scored again in fp32, and what all words'
 * probabilities sum to is put right by as much as theirs have changed.
 */
export function rescoredContinuations(
  m: Model,
  hidden: FloatValue,
  k: Int64Value,
  config: Gpt2Config,
): ScoredContinuations {
  const { g } = m;
  const { vocabSize: V, width: C } = config;
  const key = headKey(config);
  m.watch?.(hidden, key);
  const rough = roughLogits(m, hidden, key, [V, C]);
  const change = headChange(m, hidden, config);
  const changes = change && op.gemm(g, change.hidden, change.table, undefined, { transB: true });
  const logits = changes ? op.add(g, rough, changes) : rough;

  const candidates = g.apply('Max', [k, g.ints(Math.min(V, CANDIDATES))], 'int64');
  const [roughProbs, places] = likeliest(m, logits, candidates, V); // [R, n]
  const rows = rowsOfTable(m, places, key, [V, C]); // [R, n, C]
  const scores = op.squeeze(g, op.matMul(g, rows, op.unsqueeze(g, hidden, -1)), -1);
  const error = op.sub(g, scores, op.gatherElements(g, rough, places));
  const unscaled = op.add(g, roughProbs, error);
  const others = op.sub(g, g.float(1), op.reduceSum(g, op.exp(g, roughProbs), [-1]));
  const total = op.add(g, op.max(g, others, g.float(0)), op.reduceSum(g, op.exp(g, unscaled), [-1]));
  const [logProbs, order] = op.topK(g, op.sub(g, unscaled, op.log(g, total)), k);
  return { logits, logProbs, ids: op.gatherElements(g, places, order) };
}

function roughLogits({ half, quantised }: Model, hidden: FloatValue, key: string, [V, C]: LinearSizes): FloatValue {
  const layer = { input: C, isOutputFirst: true, hasBias: false };
  return half
    ? half.apply(hidden, key, { ...layer, output: V })
    : quantised!.apply(hidden, { ...layer, keys: [key], outputs: [V] });
}

/** Words that are scored again: many times as many as a search looks at. */
const CANDIDATES = 32;
