import {
  op,
  requireHalf,
  type FloatValue,
  type GraphBuilder,
  type Int64Value,
  type Value,
  type WeightSource,
} from '@housestyle/graph';

type HalfValue = Value<'float16'>;

/**
 * Linear layers in half precision: weights, biases, what goes in and what comes out. Between them everything stays fp32,
 * for sums over many layers and shares of a whole have no room in 11 bits.
 */
export class HalfLinears {
  private readonly rounded = new Map<FloatValue, HalfValue>();
  private readonly tensors = new Map<string, HalfValue>();

  constructor(
    private readonly g: GraphBuilder,
    private readonly weights: WeightSource,
  ) {}

  /** x [M, in] → [M, out]; weight and bias of the layer `key`, as they lie in the checkpoint. */
  apply(x: FloatValue, key: string, { input, output, isOutputFirst, hasBias }: HalfLayer): FloatValue {
    const { g } = this;
    const w = this.tensor(`${key}.weight`, isOutputFirst ? [output, input] : [input, output]);
    const b = hasBias ? this.tensor(`${key}.bias`, [output]) : undefined;
    return op.cast(g, op.gemm(g, this.round(x), w, b, { transB: isOutputFirst }), 'float32');
  }

  /** Rows of the table `key` [V, C] by number. */
  lookUp(ids: Int64Value, key: string, sizes: readonly [rows: number, width: number]): FloatValue {
    const { g } = this;
    return op.cast(g, op.gather(g, this.tensor(`${key}.weight`, sizes), ids), 'float32');
  }

  private tensor(name: string, dims: readonly number[]): HalfValue {
    const { g, tensors } = this;
    const value = tensors.get(name) ?? g.initializer<'float16'>(name, requireHalf(this.weights, name, dims));
    tensors.set(name, value);
    return value;
  }

  private round(x: FloatValue): HalfValue {
    const value = this.rounded.get(x) ?? op.cast(this.g, x, 'float16');
    this.rounded.set(x, value);
    return value;
  }
}

interface HalfLayer {
  readonly input: number;
  readonly output: number;
  /** PyTorch's Linear, [out, in]; else Hugging Face's Conv1D. */
  readonly isOutputFirst: boolean;
  readonly hasBias: boolean;
}
