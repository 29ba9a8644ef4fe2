import { MemoryWeights, requireWeight, type Tensor, type WeightSource } from '@housestyle/graph';
import type { DeltaTensors, LinearLayer } from '../support/random-delta.mjs';

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
