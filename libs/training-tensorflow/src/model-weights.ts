import { DomainError } from '@housestyle/domain';
import { readWeight, requireWeight, type WeightSource } from '@housestyle/graph';
import type { Parameters } from '@housestyle/training';
import type { Tensor, TensorFlow } from './tensorflow.js';

/** A model's weights on TensorFlow's side: frozen ones are brought there once, trained ones for every step anew. */
export class ModelWeights {
  private readonly frozen = new Map<string, Tensor>();
  private trained: ReadonlyMap<string, Tensor> = new Map();

  constructor(
    private readonly tf: TensorFlow,
    private readonly parameters: Parameters,
  ) {}

  /** What the optimiser has made of the parameters by now, in their order; freed with the scope it is called in. */
  bringTrained(): readonly Tensor[] {
    return [...this.parameters.values()].map(({ data, dims }) => this.tf.tensor(data, dims, 'float32'));
  }

  /** Until the next call, `find` gives these in the parameters' places. */
  use(trained: readonly Tensor[]): void {
    this.trained = new Map([...this.parameters.keys()].map((name, n) => [name, trained[n]!]));
  }

  isTrained = (name: string): boolean => this.parameters.has(name);

  /**
   * The trained tensor `name`, else the checkpoint's.
   * @throws DomainError `invalid_model` when there is none, or not of shape `dims`
   */
  require(source: WeightSource, name: string, dims?: readonly number[]): Tensor {
    const tensor = this.trained.get(name) ?? this.frozen.get(name) ?? this.freeze(source, name);
    if (!dims || dims.join() === tensor.shape.join()) return tensor;
    const owner = this.isTrained(name) ? 'trained' : `${source.label}:`;
    const [is, expected] = [tensor.shape.join(', '), dims.join(', ')];
    throw new DomainError('invalid_model', `${owner} ${name} is [${is}], its configuration says [${expected}]`);
  }

  release(): void {
    for (const tensor of this.frozen.values()) tensor.dispose();
    this.frozen.clear();
  }

  private freeze(source: WeightSource, name: string): Tensor {
    const { dims } = requireWeight(source, name);
    const tensor = this.tf.keep(this.tf.tensor(readWeight(source, name), dims, 'float32'));
    this.frozen.set(name, tensor);
    return tensor;
  }
}
