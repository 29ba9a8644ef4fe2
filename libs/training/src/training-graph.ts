import { captionLoss, mapperPrefix, WORD_TABLE, type Dropout, type Model, type WordDelta } from '@housestyle/clipcap';
import {
  elementCount,
  gradients,
  GraphBuilder,
  MemoryWeights,
  op,
  type Dim,
  type FloatValue,
  type GraphModel,
} from '@housestyle/graph';
import type { Parameters } from './parameters.js';
import type { DropoutShares, TrainingModel } from './training-engine.js';

export interface TrainingGraph {
  readonly model: GraphModel;
  /** the outputs with a parameter's gradient, by its name: parts of whole rows, one after the other. */
  readonly gradientOutputs: ReadonlyMap<string, readonly string[]>;
  /** the boolean inputs that say which values are kept, in order. */
  readonly dropoutInputs: readonly DropoutInput[];
}

export interface DropoutInput {
  readonly name: string;
  /** sizes known beforehand, or products of a batch's, such as `B*L`. */
  readonly dims: readonly Dim[];
  readonly share: number;
}

/**
 * One graph for a step: a caption loss's inputs (`captionBatch`) and every parameter by its name → `loss`, a scalar, and
 * the gradient of each parameter in parts of `largestPart` floats at most, or of one row. Frozen weights stay in their files.
 */
export function buildTrainingGraph(
  model: TrainingModel,
  parameters: Parameters,
  largestPart: number,
  shares?: DropoutShares,
): TrainingGraph {
  const g = new GraphBuilder('training');
  const trained = [...parameters].map(([name, { dims }]) => g.parameter(name, dims));
  const dropoutInputs: DropoutInput[] = [];
  const loss = lossOf(g, model, parameters, shares && dropping(g, shares, dropoutInputs));
  g.output('loss', loss, []);
  const slopes = gradients(g, loss, trained);
  const gradientOutputs = new Map(
    [...parameters].map(([name, { dims }], n) => [
      name,
      outputInParts(g, `gradient.${name}`, slopes[n]!, dims, largestPart),
    ]),
  );
  return { model: g.build(), gradientOutputs, dropoutInputs };
}

/** The loss alone, nothing dropped. */
export function buildLossGraph(model: TrainingModel, parameters: Parameters): GraphModel {
  const g = new GraphBuilder('loss');
  for (const [name, { dims }] of parameters) g.parameter(name, dims);
  g.output('loss', lossOf(g, model, parameters), []);
  return g.build();
}

function lossOf(g: GraphBuilder, { mapper, gpt2, deltas }: TrainingModel, parameters: Parameters, dropout?: Dropout) {
  const frozen = deltas ?? new MemoryWeights('no deltas', new Map());
  const pairOf = (key: string): Pair | undefined => {
    if (!parameters.has(`${key}.A`) && !frozen.find(`${key}.A`)) return undefined;
    return [g.weight(frozen, `${key}.A`), g.weight(frozen, `${key}.B`)];
  };
  const delta: Model['delta'] = (x, key) => {
    const pair = pairOf(key);
    return pair && op.gemm(g, op.gemm(g, x, pair[0]), pair[1]); // (xA)B
  };
  const ofWords = pairOf(WORD_TABLE);
  const decoder: Model = { g, weights: gpt2.weights, delta, isTrained: true };
  const prefix = mapperPrefix({ g, weights: mapper.weights, delta }, mapper.config);
  return captionLoss(ofWords ? { ...decoder, words: wordDelta(g, ofWords) } : decoder, prefix, gpt2.config, dropout);
}

/** A delta's A [in, r] and B [r, out]. */
type Pair = readonly [a: FloatValue, b: FloatValue];

const wordDelta = (g: GraphBuilder, [a, b]: Pair): WordDelta => ({
  lookUp: (ids) => op.matMul(g, op.gather(g, a, ids), b),
  predict: (hidden) => ({ hidden: op.gemm(g, hidden, b, undefined, { transB: true }), table: a }),
});

/** The names of the outputs that give `value` as parts of whole rows, of `largestPart` floats at most where a row is no longer. */
function outputInParts(
  g: GraphBuilder,
  name: string,
  value: FloatValue,
  dims: readonly number[],
  largestPart: number,
): string[] {
  const [rows = 1, ...row] = dims;
  const largest = Math.max(1, Math.floor(largestPart / elementCount(row)));
  if (rows <= largest) {
    g.output(name, value, dims);
    return [name];
  }
  const sizes = Array.from({ length: Math.ceil(rows / largest) }, (_, n) => Math.min(largest, rows - n * largest));
  return op.splitInto(g, value, sizes, 0).map((part, n) => {
    g.output(`${name}.${n}`, part, [sizes[n]!, ...row]);
    return `${name}.${n}`;
  });
}

function dropping(g: GraphBuilder, shares: DropoutShares, inputs: DropoutInput[]): Dropout {
  return (x, dims, site) => {
    const share = shares[site];
    if (share === 0) return x;
    const name = `kept.${inputs.length}`;
    inputs.push({ name, dims, share });
    return op.dropout(g, x, g.input(name, 'bool', dims), share);
  };
}
