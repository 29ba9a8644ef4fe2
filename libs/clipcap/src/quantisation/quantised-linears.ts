import { DomainError } from '@housestyle/domain';
import {
  float32,
  op,
  readWeight,
  uint8,
  type FloatValue,
  type GraphBuilder,
  type Value,
  type WeightSource,
} from '@housestyle/graph';
import type { PrecisionOptions } from './precision.js';
import {
  leftOf,
  quantiseBalanced,
  quantiseMatrix,
  type LayerMatrix,
  type QuantisedMatrix,
} from './quantised-matrix.js';

/** Linear layers that take the same input. */
export interface LayerGroup {
  readonly keys: readonly string[];
  readonly input: number;
  /** of each. */
  readonly outputs: readonly number[];
  /** PyTorch's Linear, [out, in]; else Hugging Face's Conv1D. */
  readonly isOutputFirst: boolean;
  readonly hasBias: boolean;
}

/** A norm of `x`, by the weights under `key`. */
interface Norm {
  readonly x: FloatValue;
  readonly key: string;
  readonly epsilon: number;
}

/** How far each channel of a value goes, found out when it is first needed. */
type Reach = () => Float32Array;

/**
 * Linear layers in 8 bits. How far the channels of a layer's input reach is read from the calibration if there is one;
 * else it is estimated from the weights before it: norms say it themselves, and what a layer makes of channels that reach
 * so far reaches √Σ(reach·w)². Only proportions within one layer matter.
 */
export class QuantisedLinears {
  private readonly reaches = new Map<FloatValue, Reach>();
  private readonly norms = new Map<FloatValue, Norm>();
  private readonly calibration: WeightSource | undefined;
  private readonly isStatic: boolean;
  private readonly isSigned: boolean;

  constructor(
    private readonly g: GraphBuilder,
    private readonly weights: WeightSource,
    { precision, calibration, hasSignedProducts = false }: PrecisionOptions,
  ) {
    this.calibration = calibration;
    this.isSigned = hasSignedProducts;
    this.isStatic = precision === 'int8-static';
    if (this.isStatic && !calibration) {
      const how = 'make one with `housestyle models calibrate`';
      throw new DomainError('invalid_model', `int8-static needs the base model's calibration; ${how}`);
    }
  }

  /** `y` came out of `norm`. */
  noteNorm(y: FloatValue, norm: Norm): void {
    this.norms.set(y, norm);
    this.reaches.set(y, () => {
      const [w, b] = this.normOf(norm);
      return w.map((value, i) => Math.hypot(value, b[i]!));
    });
  }

  /** `y` reaches no further than `x`: an activation, a mean. `part`: than these channels of it. */
  noteWithin(y: FloatValue, x: FloatValue, part?: readonly [from: number, to: number]): void {
    const reach = this.reaches.get(x);
    if (reach) this.reaches.set(y, part ? () => reach().subarray(...part) : reach);
  }

  /** x [M, in] → each layer's output side by side: [M, Σ out] */
  apply(x: FloatValue, group: LayerGroup): FloatValue {
    const { g } = this;
    const [name] = group.keys as [string];
    const matrices = this.matricesOf(group);
    const reach = this.calibrated(group) ?? this.reaches.get(x)?.() ?? new Float32Array(group.input).fill(1);
    const { values, scales, balance } = quantiseMatrix(matrices, reach);
    const N = scales.length;
    const w = this.initializer(`${name}.int8`, values, [group.input, N]);
    const wScales = g.initializer<'float32'>(`${name}.int8.scales`, float32(scales));
    const bias = group.hasBias
      ? g.initializer<'float32'>(`${name}.int8.bias`, float32(this.joined(group, 'bias'), [N]))
      : undefined;
    const even = this.evened(x, group, balance);
    const y = this.isStaticFor(x, group)
      ? this.staticProduct(even, { w, wScales, bias }, stepOf(reach, balance))
      : this.rowProduct(even, { w, wScales, bias });
    this.reaches.set(y, () => this.reachAfter(group, matrices, reach));
    return y;
  }

  /**
   * Bytes as they come: x [M, in] → Σ w·(x - 128) + bias, [M, out]. What 8 bits leave of the weights is multiplied in
   * 8 bits again, which makes the layer as good as exact.
   */
  applyToBytes(x: Value<'uint8'>, name: string, matrix: LayerMatrix, bias: Float32Array): FloatValue {
    const { g } = this;
    const input = matrix.data.length / matrix.outputs;
    const unbalanced = new Float32Array(input).fill(1);
    const whole = quantiseBalanced([matrix], unbalanced);
    const rest = quantiseBalanced([{ ...matrix, data: leftOf(matrix, whole) }], unbalanced);
    const channels = (part: string, values: Float32Array) =>
      g.initializer<'float32'>(`${name}.${part}`, float32(values));
    const weights = (part: string, { values }: QuantisedMatrix) =>
      this.initializer(`${name}.${part}`, values, [input, matrix.outputs]);
    const xScale = g.float(1);
    return op.add(
      g,
      op.matMulIntegerToFloat(g, x, weights('int8', whole), {
        xScale,
        wScales: channels('int8.scales', whole.scales),
        bias: channels('int8.bias', bias),
      }),
      op.matMulIntegerToFloat(g, x, weights('int8.rest', rest), {
        xScale,
        wScales: channels('int8.rest.scales', rest.scales),
      }),
    );
  }

  /**
   * Each channel of x divided by its balance. A norm ends with a factor for each channel, which takes that in: the norm
   * itself stays for who else needs what comes out of it, and in the graph only then.
   */
  private evened(x: FloatValue, { keys: [name] }: LayerGroup, balance: Float32Array): FloatValue {
    const { g } = this;
    const channels = (part: string, values: Float32Array) =>
      g.initializer<'float32'>(`${name}.int8.${part}`, float32(values));
    const norm = this.norms.get(x);
    if (!norm) {
      const inverse = balance.map((value) => 1 / value);
      return op.mul(g, x, channels('even', inverse));
    }
    const [w, b] = this.normOf(norm).map((values) => values.map((value, i) => value / balance[i]!)) as Pair;
    return op.layerNormalization(g, norm.x, channels('norm.weight', w), channels('norm.bias', b), norm.epsilon);
  }

  private normOf({ key }: Norm): Pair {
    return [this.read(`${key}.weight`), this.read(`${key}.bias`)];
  }

  /** The same numbers, signed where that is quicker. */
  private initializer(name: string, values: Uint8Array, dims: readonly number[]): Weights['w'] {
    if (!this.isSigned) return this.g.initializer<'uint8'>(name, uint8(values, dims));
    const data = new Int8Array(values.length);
    for (let at = 0; at < values.length; at++) data[at] = values[at]! - op.ZERO_POINT;
    return this.g.initializer<'int8'>(name, { type: 'int8', data, dims });
  }

  /** A step of each row's own: its largest value is 127 of them. */
  private rowProduct(x: FloatValue, { w, wScales, bias }: Weights): FloatValue {
    const { g } = this;
    const largest = op.max(g, op.reduceMax(g, x, -1), op.neg(g, op.reduceMin(g, x, -1)), g.float(LEAST));
    const step = op.mul(g, largest, g.float(1 / 127)); // [M, 1]
    const rows = op.quantizeRows(g, x, step);
    const y = op.mul(g, op.matMulIntegerToFloat(g, rows, w, { xScale: g.float(1), wScales }), step);
    return bias ? op.add(g, y, bias) : y;
  }

  private staticProduct(x: FloatValue, { w, wScales, bias }: Weights, step: number): FloatValue {
    const { g } = this;
    const xScale = g.float(step);
    return op.matMulIntegerToFloat(g, op.quantizeLinear(g, x, xScale), w, { xScale, wScales, ...(bias && { bias }) });
  }

  private isStaticFor(x: FloatValue, group: LayerGroup): boolean {
    return this.isStatic && this.norms.has(x) && this.calibrated(group) !== undefined;
  }

  /** @throws DomainError `invalid_model` for one that was made for another model. */
  private calibrated({ keys: [key], input }: LayerGroup): Float32Array | undefined {
    if (!this.calibration?.find(key!)) return undefined;
    const reach = readWeight(this.calibration, key!, [input]);
    if (reach.every((value) => Number.isFinite(value) && value >= 0)) return reach;
    throw new DomainError('invalid_model', `${this.calibration.label}: ${key!} is no reach`);
  }

  private reachAfter(group: LayerGroup, matrices: readonly LayerMatrix[], reach: Float32Array): Float32Array {
    const bias = group.hasBias ? this.joined(group, 'bias') : undefined;
    const sums = matrices.flatMap((matrix) => [...squaresByOutput(matrix, reach)]);
    return Float32Array.from(sums, (sum, o) => Math.sqrt(sum + (bias ? bias[o]! ** 2 : 0)));
  }

  private matricesOf({ keys, input, outputs, isOutputFirst }: LayerGroup): LayerMatrix[] {
    return keys.map((key, n) => {
      const dims = isOutputFirst ? [outputs[n]!, input] : [input, outputs[n]!];
      return { data: readWeight(this.weights, nameOf(key), dims), outputs: outputs[n]!, isOutputFirst };
    });
  }

  private joined({ keys }: LayerGroup, part: 'bias'): Float32Array {
    return Float32Array.from(keys.flatMap((key) => [...this.read(`${key}.${part}`)]));
  }

  private read(name: string): Float32Array {
    return readWeight(this.weights, name);
  }
}

interface Weights {
  readonly w: Parameters<typeof op.matMulIntegerToFloat>[2];
  readonly wScales: FloatValue;
  readonly bias: FloatValue | undefined;
}

type Pair = [Float32Array, Float32Array];

/** A row of nothing still has a step. */
const LEAST = 1e-9;

/** Of values that reach so far once they are balanced. */
function stepOf(reach: Float32Array, balance: Float32Array): number {
  let largest = LEAST;
  reach.forEach((value, i) => (largest = Math.max(largest, value / balance[i]!)));
  return largest / 127;
}

function squaresByOutput({ data, outputs, isOutputFirst }: LayerMatrix, reach: Float32Array): Float64Array {
  const sums = new Float64Array(outputs);
  for (let at = 0, row = 0, column = 0; at < data.length; at++) {
    sums[isOutputFirst ? row : column]! += (data[at]! * reach[isOutputFirst ? column : row]!) ** 2;
    if (++column < (isOutputFirst ? reach.length : outputs)) continue;
    column = 0;
    row++;
  }
  return sums;
}

/** A word table is a matrix by another name. */
const nameOf = (key: string): string => `${key}.weight`;
