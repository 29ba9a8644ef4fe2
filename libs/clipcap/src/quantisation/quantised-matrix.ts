import { op } from '@housestyle/graph';

/** A linear layer's weights as they lie in the checkpoint. */
export interface LayerMatrix {
  readonly data: Float32Array;
  readonly outputs: number;
  /** [out, in], as PyTorch's Linear has them; else [in, out], as Hugging Face's Conv1D. */
  readonly isOutputFirst: boolean;
}

/** w[i, o] ≈ (values[i, o] - 128)·scales[o] / balance[i] */
export interface QuantisedMatrix {
  /** [in, out] */
  readonly values: Uint8Array;
  /** [out] */
  readonly scales: Float32Array;
  /** [in]: what each input channel is divided by, and its weights were multiplied with. */
  readonly balance: Float32Array;
}

/**
 * Matrices that take the same input, side by side, in 8 bits with a scale for each output. An input channel that reaches
 * far (GPT-2 has some that are 50 times the others) would leave the others few of the 255 steps; so each is first brought
 * nearer to the others and its weights, exactly as much, the other way: by √(reach / largest weight), which shares what is
 * uneven between the two (arXiv 2211.10438).
 * @param reach [in] how far each input channel goes; only their proportions matter
 */
export const quantiseMatrix = (matrices: readonly LayerMatrix[], reach: Float32Array): QuantisedMatrix =>
  quantiseBalanced(matrices, balanceOf(largestByInput(matrices, reach.length), reach));

/** What `quantised`, made of `matrix` [out, in] alone and without balance, leaves of it. */
export function leftOf({ data, outputs }: LayerMatrix, { values, scales }: QuantisedMatrix): Float32Array {
  const input = data.length / outputs;
  return data.map((weight, at) => {
    const [o, i] = [Math.floor(at / input), at % input];
    return weight - (values[i * outputs + o]! - op.ZERO_POINT) * scales[o]!;
  });
}

/** As `quantiseMatrix`, by a balance [in] that is known. */
export function quantiseBalanced(matrices: readonly LayerMatrix[], balance: Float32Array): QuantisedMatrix {
  const input = balance.length;
  const N = matrices.reduce((sum, { outputs }) => sum + outputs, 0);
  const values = new Uint8Array(input * N);
  const scales = new Float32Array(N);
  let from = 0;
  for (const matrix of matrices) {
    for (let block = 0; block < matrix.outputs; block += BLOCK) {
      quantiseBlock(matrix, block, Math.min(block + BLOCK, matrix.outputs), { balance, values, scales, from, N });
    }
    from += matrix.outputs;
  }
  return { values, scales, balance };
}

/** Output channels worked on together: their weights stay in the processor's cache. */
const BLOCK = 32;
/** 8 bits around 128, as far down as up. */
const STEPS = 127;

interface Target {
  readonly balance: Float32Array;
  readonly values: Uint8Array;
  readonly scales: Float32Array;
  /** column of the matrix's first output among the N of all. */
  readonly from: number;
  readonly N: number;
}

function quantiseBlock(matrix: LayerMatrix, begin: number, end: number, { balance, values, scales, from, N }: Target) {
  const { data, outputs, isOutputFirst } = matrix;
  const input = balance.length;
  const [perInput, perOutput] = isOutputFirst ? [1, input] : [outputs, 1];
  const largest = new Float32Array(end - begin);
  for (let i = 0; i < input; i++) {
    for (let o = begin, at = i * perInput + begin * perOutput; o < end; o++, at += perOutput) {
      const size = Math.abs(data[at]! * balance[i]!);
      if (size > largest[o - begin]!) largest[o - begin] = size;
    }
  }
  for (let o = begin; o < end; o++) scales[from + o] = (largest[o - begin]! || 1) / STEPS;
  for (let i = 0; i < input; i++) {
    for (let o = begin, at = i * perInput + begin * perOutput; o < end; o++, at += perOutput) {
      values[i * N + from + o] = Math.round((data[at]! * balance[i]!) / scales[from + o]!) + op.ZERO_POINT;
    }
  }
}

function largestByInput(matrices: readonly LayerMatrix[], input: number): Float32Array {
  const largest = new Float32Array(input);
  for (const { data, outputs, isOutputFirst } of matrices) {
    for (let at = 0, row = 0, column = 0; at < data.length; at++) {
      const i = isOutputFirst ? column : row;
      const size = Math.abs(data[at]!);
      if (size > largest[i]!) largest[i] = size;
      if (++column < (isOutputFirst ? input : outputs)) continue;
      column = 0;
      row++;
    }
  }
  return largest;
}

/** 1 for channels that carry nothing. Scaled so that the typical one is left as it is. */
function balanceOf(largest: Float32Array, reach: Float32Array): Float32Array {
  const balance = Float32Array.from(reach, (far, i) => (far > 0 && largest[i]! > 0 ? Math.sqrt(far / largest[i]!) : 0));
  const some = balance.filter((value) => value > 0).sort();
  const typical = some[Math.floor(some.length / 2)] ?? 1;
  return balance.map((value) => (value > 0 ? value / typical : 1));
}
