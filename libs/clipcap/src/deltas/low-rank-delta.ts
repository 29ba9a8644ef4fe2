import { DomainError } from '@housestyle/domain';
import { readWeight, type Tensor, type WeightSource } from '@housestyle/graph';
import type { LinearSizes } from '../layers.js';

/** A network's linear layers by name: where a delta may add something. A word table [V, C] is one that words enter one-hot. */
export type Linears = ReadonlyMap<string, LinearSizes>;

/** A tenant's rank is its neighbours' cost: in a batch, every delta is padded to the highest. */
export const MAX_DELTA_RANK = 8;

/** What a delta adds to one linear layer: y += (xA)B. */
export interface LowRankPair {
  readonly rank: number;
  /** A [in, rank] */
  readonly a: Float32Array;
  /** B [rank, out] */
  readonly b: Float32Array;
}

/** A tenant's change of a shared network: a pair of thin matrices for some or all of its linear layers. */
export class LowRankDelta {
  /** the highest among its pairs. */
  readonly rank: number;
  /** of its values in memory. */
  readonly bytes: number;

  constructor(readonly pairs: ReadonlyMap<string, LowRankPair>) {
    this.rank = Math.max(...[...pairs.values()].map(({ rank }) => rank));
    this.bytes = [...pairs.values()].reduce((sum, { a, b }) => sum + a.byteLength + b.byteLength, 0);
  }

  /**
   * Takes `<linear layer>.A` [in, r] and `<linear layer>.B` [r, out] of a file into memory; layers may differ in r.
   * @throws DomainError `mapper_mismatch` when a name, a shape or a rank is not one that `linears` has a place for,
   * `invalid_model` for values that are not finite.
   */
  static read(source: WeightSource, linears: Linears): LowRankDelta {
    const names = source.names();
    if (names.length === 0) throw mismatch(source, 'has no tensors');
    const pairs = new Map<string, LowRankPair>();
    for (const name of names) {
      const layer = TENSOR_NAME.exec(name)?.[1];
      const sizes = layer === undefined ? undefined : linears.get(layer);
      if (layer === undefined || !sizes) throw mismatch(source, `${name} belongs to no linear layer of the base`);
      if (!pairs.has(layer)) pairs.set(layer, readPair(source, layer, sizes));
    }
    return new LowRankDelta(pairs);
  }
}

function readPair(source: WeightSource, layer: string, [input, output]: LinearSizes): LowRankPair {
  const [a, b] = [readDeltaMatrix(source, `${layer}.A`), readDeltaMatrix(source, `${layer}.B`)];
  const rank = a.dims[1] ?? 0;
  if (rank < 1 || rank > MAX_DELTA_RANK) {
    throw mismatch(source, `${layer}.A has rank ${rank}, not 1 to ${MAX_DELTA_RANK}`);
  }
  requireDims(source, `${layer}.A`, a.dims, [input, rank]);
  requireDims(source, `${layer}.B`, b.dims, [rank, output]);
  return { rank, a: a.data, b: b.data };
}

/**
 * One of a delta's tensors, read from its file where it lies there.
 * @throws DomainError `mapper_mismatch` when it is missing, `invalid_model` for values that are not finite.
 */
export function readDeltaMatrix(source: WeightSource, name: string): Tensor<'float32'> {
  const found = source.find(name);
  if (!found) throw mismatch(source, `${name} is missing`);
  // half precision comes converted already: once is enough
  const data = 'data' in found && found.type === 'float32' ? found.data : readWeight(source, name);
  if (data.every(Number.isFinite)) return { type: 'float32', data, dims: found.dims };
  throw new DomainError('invalid_model', `${source.label}: ${name} holds something that is not a finite number`);
}

function requireDims(source: WeightSource, name: string, dims: readonly number[], expected: readonly number[]): void {
  if (dims.join() === expected.join()) return;
  throw mismatch(source, `${name} is [${dims.join(', ')}], the base has a place for [${expected.join(', ')}]`);
}

const TENSOR_NAME = /^(.+)\.[AB]$/;

const mismatch = ({ label }: WeightSource, what: string): DomainError =>
  new DomainError('mapper_mismatch', `${label}: ${what}`);
