import { DomainError } from '@housestyle/domain';
import { isFiniteHalf, toFloat16 } from './float16.js';
import type { Tensor } from './tensor.js';

/** A weight that stays where it is: bytes of a file on this machine, little-endian, row-major. */
export interface FileTensor<T extends 'float32' | 'float16' = 'float32'> {
  readonly type: T;
  readonly dims: readonly number[];
  /** absolute path. */
  readonly file: string;
  /** bytes from the start of the file. */
  readonly offset: number;
  /** bytes. */
  readonly length: number;
}

/** A weight by reference (the usual case) or by value (converted from another precision, or made up). */
export type WeightTensor = FileTensor | Tensor<'float32' | 'int64'>;

/** Named weights of one checkpoint. Files produce it; models consume it; neither knows the other. */
export interface WeightSource {
  /** what to call this checkpoint in an error message. */
  readonly label: string;
  /** every tensor's name, in no particular order. */
  names(): readonly string[];
  /** undefined when the checkpoint has no such tensor. */
  find(name: string): WeightTensor | undefined;
  /** The values themselves, read from the file where they lie there; undefined when there is no such tensor. */
  read(name: string): Float32Array | undefined;
  /** The tensor where a file holds it in half precision already; undefined where it has to be rounded to that. */
  findHalf?(name: string): FileTensor<'float16'> | undefined;
}

/**
 * The tensor `name`, with its shape checked when one is given.
 * @throws DomainError `invalid_model` when it is missing or has another shape.
 */
export function requireWeight(source: WeightSource, name: string, dims?: readonly number[]): WeightTensor {
  const found = source.find(name);
  if (!found) throw new DomainError('invalid_model', `${source.label}: no tensor ${name}`);
  if (dims && found.dims.join() !== dims.join()) {
    const [is, expected] = [found.dims.join(', '), dims.join(', ')];
    throw new DomainError('invalid_model', `${source.label}: ${name} is [${is}], its configuration says [${expected}]`);
  }
  return found;
}

/** Like `requireWeight`, but the values. */
export function readWeight(source: WeightSource, name: string, dims?: readonly number[]): Float32Array {
  requireWeight(source, name, dims);
  return source.read(name)!;
}

/**
 * Like `requireWeight`, in half precision: as it lies in its file, or rounded to it.
 * @throws DomainError `invalid_model` also for a value that half precision cannot hold
 */
export function requireHalf(
  source: WeightSource,
  name: string,
  dims: readonly number[],
): FileTensor<'float16'> | Tensor<'float16'> {
  const found = source.findHalf?.(name);
  if (found?.dims.join() === dims.join()) return found;
  const data = toFloat16(readWeight(source, name, dims));
  if (!data.every(isFiniteHalf)) {
    throw new DomainError('invalid_model', `${source.label}: ${name} holds values that fp16 cannot hold`);
  }
  return { type: 'float16', data, dims };
}

/** Weights held in memory: tests, and checkpoints made on the spot. */
export class MemoryWeights implements WeightSource {
  constructor(
    readonly label: string,
    readonly tensors: ReadonlyMap<string, Tensor<'float32'>>,
  ) {}

  /** All that `source` holds, half precision as fp32. */
  static of(source: WeightSource): MemoryWeights {
    const tensors = source.names().map((name) => {
      const { dims } = requireWeight(source, name);
      return [name, { type: 'float32' as const, dims, data: readWeight(source, name) }] as const;
    });
    return new MemoryWeights(source.label, new Map(tensors));
  }

  names(): readonly string[] {
    return [...this.tensors.keys()];
  }

  find(name: string): Tensor<'float32'> | undefined {
    return this.tensors.get(name);
  }

  read(name: string): Float32Array | undefined {
    return this.tensors.get(name)?.data;
  }
}
