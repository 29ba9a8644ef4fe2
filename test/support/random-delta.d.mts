import type { MemoryWeights, Tensor, WeightSource } from '@housestyle/graph';
import type { Random } from '@housestyle/training';

export type DeltaTensors = ReadonlyMap<string, Tensor<'float32'>>;

/** A linear layer's weight and how it lies: PyTorch's Linear [out, in], or GPT-2's Conv1D [in, out]. */
export interface LinearLayer {
  readonly name: string;
  readonly input: number;
  readonly output: number;
  readonly isTransposed: boolean;
}

export function mapperLayers(weights: WeightSource): LinearLayer[];
export function decoderLayers(weights: WeightSource): LinearLayer[];
export function wordLayer(weights: WeightSource): LinearLayer;
export function randomDelta(layers: readonly LinearLayer[], rank: number, seed: number, scale: number): DeltaTensors;
export function normalDelta(
  layers: readonly LinearLayer[],
  rank: number,
  random: Random,
  deviation: number,
): DeltaTensors;
export function asWeights(label: string, delta: DeltaTensors): MemoryWeights;
