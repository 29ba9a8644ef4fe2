import { WORD_TABLE } from '@housestyle/clipcap';
import { MemoryWeights, requireWeight, type Tensor, type WeightSource } from '@housestyle/graph';

export type DeltaTensors = ReadonlyMap<string, Tensor<'float32'>>;

/** A linear layer's weight and how it lies: PyTorch's Linear [out, in], or GPT-2's Conv1D [in, out]. */
export interface LinearLayer {
  readonly name: string;
  readonly input: number;
  readonly output: number;
  readonly isTransposed: boolean;
}

/** A mapper's linear layers. */
export function mapperLayers(weights: WeightSource): LinearLayer[] {
  return weights.names().flatMap((name) => {
    const { dims } = requireWeight(weights, name);
    if (!name.endsWith('.weight') || dims.length !== 2) return [];
    return [{ name: name.slice(0, -'.weight'.length), input: dims[1]!, output: dims[0]!, isTransposed: true }];
  });
}

/** The four linear layers of each of GPT-2's layers. */
export function decoderLayers(weights: WeightSource): LinearLayer[] {
  return weights.names().flatMap((name) => {
    if (!/^transformer\.h\.\d+\.(attn|mlp)\.c_\w+\.weight$/.test(name)) return [];
    const [input, output] = requireWeight(weights, name).dims;
    return [{ name: name.slice(0, -'.weight'.length), input: input!, output: output!, isTransposed: false }];
  });
}

/** The decoder's word table, as a layer that words enter one-hot. */
export function wordLayer(weights: WeightSource): LinearLayer {
  const [input, output] = requireWeight(weights, `${WORD_TABLE}.weight`).dims;
  return { name: WORD_TABLE, input: input!, output: output!, isTransposed: false };
}

/** A and B for every layer, from a seed: of size `scale` together, whatever the layer's width. */
export function randomDelta(layers: readonly LinearLayer[], rank: number, seed: number, scale: number): DeltaTensors {
  const next = uniform(seed);
  const matrix = (rows: number, columns: number, size: number): Tensor<'float32'> => ({
    type: 'float32',
    data: Float32Array.from({ length: rows * columns }, () => (2 * next() - 1) * size),
    dims: [rows, columns],
  });
  return new Map(
    layers.flatMap(({ name, input, output }) => [
      [`${name}.A`, matrix(input, rank, 1 / Math.sqrt(input))] as const,
      [`${name}.B`, matrix(rank, output, scale / Math.sqrt(rank))] as const,
    ]),
  );
}

/** The same network with W + A·B in W's place, summed in double precision and rounded once. */
export function merged(weights: WeightSource, layers: readonly LinearLayer[], delta: DeltaTensors): WeightSource {
  const tensors = new Map(
    weights.names().map((name): readonly [string, Tensor<'float32'>] => {
      const { dims } = requireWeight(weights, name);
      return [name, { type: 'float32', data: weights.read(name)!, dims }];
    }),
  );
  for (const { name, input, output, isTransposed } of layers) {
    const [a, b] = [delta.get(`${name}.A`)!, delta.get(`${name}.B`)!];
    const rank = a.dims[1]!;
    const { data, dims } = tensors.get(`${name}.weight`)!;
    const sum = Float64Array.from(data);
    for (let i = 0; i < input; i++) {
      for (let o = 0; o < output; o++) {
        let product = 0;
        for (let r = 0; r < rank; r++) product += a.data[i * rank + r]! * b.data[r * output + o]!;
        sum[isTransposed ? o * input + i : i * output + o]! += product;
      }
    }
    tensors.set(`${name}.weight`, { type: 'float32', data: Float32Array.from(sum), dims });
  }
  return new MemoryWeights(`${weights.label} + delta`, tensors);
}

export const asWeights = (label: string, delta: DeltaTensors): WeightSource => new MemoryWeights(label, delta);

/** mulberry32 */
function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
