import { elementCount, readWeight, requireWeight, type Tensor, type WeightSource } from '@housestyle/graph';
import type { Random } from './random.js';
import type { TrainingModel } from './training-engine.js';

/** What is trained, by tensor name. The optimiser writes into these arrays; engines read them at every step. */
export type Parameters = ReadonlyMap<string, Tensor<'float32'>>;

/** Of the mapper and of the decoder: nothing, everything, or a low-rank delta on its linear layers. */
export type Trained = 'frozen' | 'full' | { readonly rank: number };

export interface TrainedParts {
  readonly mapper: Trained;
  readonly decoder: Trained;
}

/**
 * The parameters of these parts where training begins: copies of the model's own weights, and deltas `key`.A [in, r]
 * and `key`.B [r, out] that do nothing yet (B is zero), unless `start` has them already.
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
): [string, Tensor<'float32'>][] {
  if (trained === 'frozen') return [];
  const value = (name: string, dims: readonly number[], make: () => Float32Array): [string, Tensor<'float32'>] => {
    const data = start?.find(name) ? readWeight(start, name, dims).slice() : make();
    return [name, { type: 'float32', dims, data }];
  };
  if (trained === 'full') {
    return names.map((name) => {
      const { dims } = requireWeight(weights, name);
      return value(name, dims, () => readWeight(weights, name).slice());
    });
  }
  const { rank } = trained;
  return linears().flatMap(({ key, input, output }) => [
    value(`${key}.A`, [input, rank], () => spread(random, input, rank)),
    value(`${key}.B`, [rank, output], () => new Float32Array(rank * output)),
  ]);
}

/** Even in ±4/√in: xA is then about twice as large as x, and B, which begins at zero, is learned in half the updates. */
function spread(random: Random, input: number, rank: number): Float32Array {
  const bound = 4 * input ** -0.5;
  return Float32Array.from({ length: elementCount([input, rank]) }, () => (2 * random.uniform() - 1) * bound);
}

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
