import { access } from 'node:fs/promises';
import { writeSafetensors } from '@housestyle/checkpoints';
import { elementCount, float32, type Tensor } from '@housestyle/graph';
import { Random } from '@housestyle/training';

export type Weights = Map<string, Tensor<'float32'>>;

/** Tensors by name, each of random numbers of its own seed. */
export class RandomWeights {
  readonly tensors: Weights = new Map();

  matrix(name: string, dims: readonly number[], deviation = 0.02): this {
    const random = new Random(this.tensors.size);
    const data = new Float32Array(elementCount(dims));
    const scale = (deviation * Math.sqrt(12)) / 2 ** 32; // evenly spread numbers: their deviation is range/√12
    for (let n = 0; n < data.length; n++) data[n] = (random.word() - 2 ** 31) * scale;
    this.tensors.set(name, float32(data, dims));
    return this;
  }

  vector(name: string, length: number, value: number): this {
    this.tensors.set(name, float32(new Float32Array(length).fill(value)));
    return this;
  }

  norm(name: string, width: number): this {
    return this.vector(`${name}.weight`, width, 1).vector(`${name}.bias`, width, 0);
  }

  /** Hugging Face's Conv1D: [in, out]. */
  conv1d(name: string, input: number, output: number): this {
    return this.matrix(`${name}.weight`, [input, output]).vector(`${name}.bias`, output, 0);
  }

  /** PyTorch's Linear: [out, in]. */
  linear(name: string, input: number, output: number, deviation = 0.02): this {
    return this.matrix(`${name}.weight`, [output, input], deviation).vector(`${name}.bias`, output, 0);
  }
}

/** A file that is there is from another time and holds the same numbers. */
export async function writeOnce(file: string, make: () => Weights): Promise<void> {
  const isThere = await access(file).then(
    () => true,
    () => false,
  );
  if (!isThere) await writeSafetensors(file, make());
}
