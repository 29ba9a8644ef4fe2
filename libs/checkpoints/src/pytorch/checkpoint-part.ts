import { requireWeight, type WeightSource, type WeightTensor } from '@housestyle/graph';
import type { SafetensorsTensor } from '../safetensors-writer.js';
import { ByteFile, corrupt } from './byte-file.js';
import type { PyTorchFile } from './pytorch-file.js';
import type { TorchDtype } from './torch-tensor.js';

/** Some tensors of a checkpoint, under names of their own. */
export class CheckpointPart implements WeightSource {
  /** @param spelling their names in the checkpoint, by the names they have here */
  constructor(
    private readonly file: PyTorchFile,
    private readonly spelling: ReadonlyMap<string, string>,
  ) {}

  get label(): string {
    return this.file.label;
  }

  names(): readonly string[] {
    return [...this.spelling.keys()];
  }

  find(name: string): WeightTensor | undefined {
    const own = this.spelling.get(name);
    return own === undefined ? undefined : this.file.find(own);
  }

  read(name: string): Float32Array | undefined {
    const own = this.spelling.get(name);
    return own === undefined ? undefined : this.file.read(own);
  }

  /** To be written elsewhere as they are. */
  tensors(): ReadonlyMap<string, SafetensorsTensor> {
    return new Map([...this.spelling].map(([name, own]) => [name, this.file.stream(own)!]));
  }

  /** The same without the tensor `name`. */
  without(name: string): CheckpointPart {
    return new CheckpointPart(this.file, new Map([...this.spelling].filter(([each]) => each !== name)));
  }

  /** Names and shapes only: what a model can be checked with that will never run. */
  get shapes(): WeightSource {
    const { file, spelling, label } = this;
    return {
      label,
      names: () => [...spelling.keys()],
      find: (name) => {
        const found = file.describe(spelling.get(name) ?? '');
        if (!found) return undefined;
        if (!FLOATS.includes(found.dtype)) throw corrupt(label, `tensor ${name} of ${found.dtype} is not a weight`);
        return { type: 'float32', dims: found.dims, file: '/', offset: 0, length: 0 };
      },
      read: () => undefined,
    };
  }

  /** Whether both tensors hold the same bytes, which are compared piece by piece. */
  isSame(one: string, other: string): boolean {
    const [a, b] = [this.spelling.get(one), this.spelling.get(other)];
    if (a === undefined || b === undefined) return false;
    return this.file.isSame(a, b) || areEqual(this.file.stream(a)!, this.file.stream(b)!);
  }

  /** Whether every tensor is in `weights` too, to the last bit; a file of another precision is another one. */
  isIn(weights: WeightSource): boolean {
    return [...this.tensors()].every(([name, tensor]) => {
      const found = weights.find(name);
      if (!found || !('file' in found)) return false;
      const { dims, length: byteLength } = found;
      const pieces = () => piecesOf(found.file, found);
      return areEqual(tensor, { dtype: 'F32', dims, byteLength, pieces });
    });
  }
}

/** Values, numbers of one. */
export const countValues = (weights: WeightSource): number =>
  weights
    .names()
    .reduce((sum, name) => sum + requireWeight(weights, name).dims.reduce((size, dim) => size * dim, 1), 0);

export const countBytes = (tensors: ReadonlyMap<string, SafetensorsTensor>): number =>
  [...tensors.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);

function* piecesOf(path: string, range: { readonly offset: number; readonly length: number }): Generator<Uint8Array> {
  const file = ByteFile.open(path);
  try {
    yield* file.pieces(range);
  } finally {
    file.close();
  }
}

/** Pieces of both are of one size but for the last: they come from the same reader. */
function areEqual(one: SafetensorsTensor, other: SafetensorsTensor): boolean {
  if (one.dtype !== other.dtype || one.dims.join() !== other.dims.join()) return false;
  const pieces = one.pieces()[Symbol.iterator]();
  for (const piece of other.pieces()) {
    const next = pieces.next() as IteratorResult<Uint8Array, undefined>;
    if (next.done || Buffer.compare(next.value, piece) !== 0) return false;
  }
  return true;
}

const FLOATS: readonly TorchDtype[] = ['float32', 'float16', 'bfloat16'];
