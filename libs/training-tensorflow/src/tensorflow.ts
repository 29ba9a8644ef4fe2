/**
 * What this room uses of TensorFlow.js 4, which is not installed where nobody asks for it: its own types cannot be
 * counted on. Operators take and give fp32 tensors unless said otherwise, and shapes broadcast as in NumPy.
 */
export interface TensorFlow extends Operators, Arithmetic {
  readonly version: Readonly<Record<string, string>>;
  backend(): { readonly isGPUPackage: boolean; readonly isUsingGpuDevice: boolean };

  /** Takes the values as they are at the first operator that reads them. */
  tensor(values: Float32Array | Int32Array, shape: readonly number[], type: 'float32' | 'int32'): Tensor;
  /** Runs `work`, then frees every tensor made in it but those it kept. */
  tidy(work: () => void): void;
  keep(tensor: Tensor): Tensor;

  /** `f`'s scalar value, and its gradient by each of the tensors. */
  valueAndGrads(
    f: (...tensors: Tensor[]) => Tensor,
  ): (tensors: readonly Tensor[]) => { readonly value: Tensor; readonly grads: readonly Tensor[] };
  /** `f` with a backward rule of its own: one gradient for each input. */
  customGrad<Inputs extends readonly Tensor[]>(
    f: (...inputs: [...Inputs, Save]) => Differentiable,
  ): (...inputs: Inputs) => Tensor;
}

export interface Tensor {
  readonly shape: readonly number[];
  /** elements in all. */
  readonly size: number;
  /** A copy on this side. */
  dataSync(): Float32Array;
  dispose(): void;
}

/** Keeps tensors of the way forward for the way back; all others are gone by then. */
export type Save = (tensors: readonly Tensor[]) => void;

export interface Differentiable {
  readonly value: Tensor;
  readonly gradFunc: (slope: Tensor, saved: readonly Tensor[]) => Tensor[];
}

type Unary = (x: Tensor) => Tensor;
type Binary = (a: Tensor | number, b: Tensor | number) => Tensor;

interface Arithmetic {
  readonly add: Binary;
  readonly sub: Binary;
  readonly mul: Binary;
  readonly div: Binary;
  readonly square: Unary;
  readonly sqrt: Unary;
  readonly rsqrt: Unary;
  readonly neg: Unary;
  readonly exp: Unary;
  readonly erf: Unary;
  readonly tanh: Unary;
  readonly relu: Unary;
  readonly sigmoid: Unary;
  /** Over the last axis. */
  readonly softmax: Unary;
  /** Over the last axis. */
  readonly logSoftmax: Unary;
}

interface Operators {
  matMul(a: Tensor, b: Tensor, isATransposed?: boolean, isBTransposed?: boolean): Tensor;
  sum(x: Tensor, axis?: number, keepsAxis?: boolean): Tensor;
  mean(x: Tensor, axis?: number, keepsAxis?: boolean): Tensor;
  reshape(x: Tensor, shape: readonly number[]): Tensor;
  transpose(x: Tensor, axes: readonly number[]): Tensor;
  concat(parts: readonly Tensor[], axis: number): Tensor;
  split(x: Tensor, parts: number, axis: number): Tensor[];
  slice(x: Tensor, begin: readonly number[], size: readonly number[]): Tensor;
  tile(x: Tensor, times: readonly number[]): Tensor;
  /** Rows of `x` by int32 indices of any shape. */
  gather(x: Tensor, indices: Tensor): Tensor;
  /** Elements of `x` by int32 coordinates [N, rank of x]. */
  gatherND(x: Tensor, coordinates: Tensor): Tensor;
  /** The rows of `x` added up by their int32 number: → [count, …]. */
  unsortedSegmentSum(x: Tensor, numbers: Tensor, count: number): Tensor;
}
