import { WORD_TABLE } from '@housestyle/clipcap';
import { elementCount, readWeight, requireWeight, type Tensor, type WeightSource } from '@housestyle/graph';
import type { Random } from './random.js';
import type { TrainingModel } from './training-engine.js';

/** What is trained, by tensor name. The optimiser writes into these arrays; engines read them at every step. */
export type Parameters = ReadonlyMap<string, Tensor<'float32'>>;

/** Of the mapper and of the decoder: nothing, everything, or a low-rank delta on its linear layers. */
export type Trained = 'frozen' | 'full' | { readonly rank: number };

export interface TrainedParts {
  readonly mapper: Trained;
  /** `wordRank`: of a delta of the word table as well, for words that the decoder never wrote; absent: none. */
  readonly decoder: Trained | { readonly rank: number; readonly wordRank?: number };
}

/**
 * The parameters of these parts where training begins: copies of the model's own weights, and deltas `key`.A [in, r]
 * and `key`.B [r, out] that do nothing yet (B is zero; of the word table A is), unless `start` has them already.
 */
export function initialParameters(
  model: TrainingModel,
  parts: TrainedParts,
  random: Random,
  start?: WeightSource,
): Parameters {
  const { mapper, gpt2 } = model;
  const mapperNames = mapper.weights.names().filter((name) => name.startsWith('clip_project.'));
  const decoderNames = gpt2.weights
    .names()
    .filter((name) => name.startsWith('transformer.') || (name === 'lm_head.weight' && !gpt2.config.isHeadTied));
  return new Map([
    ...ofPart(parts.mapper, mapper.weights, mapperNames, () => mapperLinears(mapper.weights), random, start),
    ...ofPart(parts.decoder, gpt2.weights, decoderNames, () => decoderLinears(model), random, start),
    ...ofWords(parts.decoder, model, random, start),
  ]);
}

/** A linear layer that a delta can be laid on. */
interface LinearLayer {
  readonly key: string;
  readonly input: number;
  readonly output: number;
}

function ofPart(
  trained: Trained,
  weights: WeightSource,
  names: readonly string[],
  linears: () => readonly LinearLayer[],
  random: Random,
  start: WeightSource | undefined,
): NamedTensor[] {
  if (trained === 'frozen') return [];
  const value = starting(start);
  if (trained === 'full') {
    return names.map((name) => {
      const { dims } = requireWeight(weights, name);
      return value(name, dims, () => readWeight(weights, name).slice());
    });
  }
  const { rank } = trained;
  return linears().flatMap(({ key, input, output }) => [
    value(`${key}.A`, [input, rank], () => spread(random, [input, rank], 2 * input ** -0.5)),
    value(`${key}.B`, [rank, output], () => new Float32Array(rank * output)),
  ]);
}

/**
 * Of the word table, A [V, r] and B [r, C]. A begins at zero, not B: every word so finds its own way from where it stands,
 * in directions that are there from the first step.
 */
function ofWords(
  trained: TrainedParts['decoder'],
  { gpt2 }: TrainingModel,
  random: Random,
  start: WeightSource | undefined,
): NamedTensor[] {
  const rank = typeof trained === 'object' && 'wordRank' in trained ? trained.wordRank : undefined;
  if (rank === undefined) return [];
  const { vocabSize: V, width: C } = gpt2.config;
  const value = starting(start);
  return [
    value(`${WORD_TABLE}.A`, [V, rank], () => new Float32Array(V * rank)),
    value(`${WORD_TABLE}.B`, [rank, C], () => spread(random, [rank, C], WORD_SPREAD)),
  ];
}

type NamedTensor = [name: string, tensor: Tensor<'float32'>];

/** Makes a parameter, unless `start` has it. */
const starting =
  (start: WeightSource | undefined) =>
  (name: string, dims: readonly number[], make: () => Float32Array): NamedTensor => {
    const data = start?.find(name) ? readWeight(start, name, dims).slice() : make();
    return [name, { type: 'float32', dims, data }];
  };

/**
 * Even in ±`bound`: of a linear layer's A ±2/√in, as xA is then about as large as x, and B, which begins at zero, is learned
 * soon. Twice as far the loss on unseen captions was 4 % higher after 160 updates, and 2 % after 1,200; half as far, 3 %.
 */
function spread(random: Random, dims: readonly number[], bound: number): Float32Array {
  return Float32Array.from({ length: elementCount(dims) }, () => (2 * random.uniform() - 1) * bound);
}

/**
 * How far B reaches says how far a word moves in a step. On the demo base, of a style whose words it never wrote, unseen
 * captions are off by 0.07 to 0.11 nats a token after 300 updates, by the seed, from a third of this to twice it, and by
 * 0.14 at a tenth.
 */
const WORD_SPREAD = 1;

/** Every matrix of a mapper that multiplies: PyTorch's [out, in]. */
function mapperLinears(weights: WeightSource): LinearLayer[] {
  return weights.names().flatMap((name) => {
    const [output, input, ...more] = requireWeight(weights, name).dims;
    const isLinear = name.startsWith('clip_project.') && name.endsWith('.weight');
    if (!isLinear || output === undefined || input === undefined || more.length > 0) return [];
    return [{ key: name.slice(0, -'.weight'.length), input, output }];
  });
}

/** The four linears of each of GPT-2's layers. */
function decoderLinears({ gpt2 }: TrainingModel): LinearLayer[] {
  const { width: C, innerWidth: I, numLayers } = gpt2.config;
  return Array.from({ length: numLayers }, (_, layer) => `transformer.h.${layer}`).flatMap((block) => [
    { key: `${block}.attn.c_attn`, input: C, output: 3 * C },
    { key: `${block}.attn.c_proj`, input: C, output: C },
    { key: `${block}.mlp.c_fc`, input: C, output: I },
    { key: `${block}.mlp.c_proj`, input: I, output: C },
  ]);
}
