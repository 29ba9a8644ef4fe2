import type { DomainError } from '@housestyle/domain';
import { corrupt, type ByteFile, type ByteRange } from './byte-file.js';

/** Element types by their names in PyTorch, with their names in safetensors, their storages and their bytes. */
export const TORCH_DTYPES = {
  float32: { safetensors: 'F32', storage: 'FloatStorage', bytes: 4 },
  float16: { safetensors: 'F16', storage: 'HalfStorage', bytes: 2 },
  bfloat16: { safetensors: 'BF16', storage: 'BFloat16Storage', bytes: 2 },
  int64: { safetensors: 'I64', storage: 'LongStorage', bytes: 8 },
  uint8: { safetensors: 'U8', storage: 'ByteStorage', bytes: 1 },
  bool: { safetensors: 'BOOL', storage: 'BoolStorage', bytes: 1 },
} as const;
export type TorchDtype = keyof typeof TORCH_DTYPES;

/** Memory that tensors look at: one row of numbers, left in its file. */
export class TorchStorage {
  constructor(
    readonly file: ByteFile,
    readonly dtype: TorchDtype,
    /** elements. */
    readonly size: number,
    private readonly range: () => ByteRange,
  ) {}

  /** Its bytes' place; checked against their sum, if there is one, when first asked for. */
  get bytes(): ByteRange {
    return this.range();
  }

  get elementBytes(): number {
    return TORCH_DTYPES[this.dtype].bytes;
  }
}

/** A view of a storage: element (i, j, …) is the storage's number start + i·strides[0] + j·strides[1] + … */
export class TorchTensor {
  /** elements. */
  readonly size: number;

  /** @throws DomainError `corrupt_checkpoint` for a view that leaves its storage or repeats elements */
  constructor(
    readonly storage: TorchStorage,
    readonly start: number,
    readonly dims: readonly number[],
    readonly strides: readonly number[],
  ) {
    const isShaped = dims.length <= MAX_DIMS && dims.length === strides.length;
    if (!isShaped || ![start, ...dims, ...strides].every(isSize)) {
      throw this.corrupt('no valid sizes and strides');
    }
    this.size = dims.reduce((size, dim) => size * dim, 1);
    if (this.size === 0) return;
    const last = dims.reduce((at, dim, n) => at + (dim - 1) * strides[n]!, start);
    if (!(last < storage.size)) throw this.corrupt(`element ${last} of a storage of ${storage.size}`);
    if (this.size > storage.size) {
      throw this.corrupt(`${this.size} elements out of a storage of ${storage.size}: a view that repeats its elements`);
    }
  }

  get byteLength(): number {
    return this.size * this.storage.elementBytes;
  }

  /** Whether its elements lie one after another, in the order of their indices. */
  get isContiguous(): boolean {
    let expected = 1;
    for (let n = this.dims.length - 1; n >= 0; n--) {
      if (this.dims[n] !== 1 && this.strides[n] !== expected) return this.size <= 1;
      expected *= this.dims[n]!;
    }
    return true;
  }

  /** The bytes it lies in, in the file: exactly its own where it is contiguous. */
  get range(): ByteRange {
    const { elementBytes } = this.storage;
    if (this.size === 0) return { offset: this.storage.bytes.offset, length: 0 };
    const span = this.dims.reduce((at, dim, n) => at + (dim - 1) * this.strides[n]!, 1);
    return { offset: this.storage.bytes.offset + this.start * elementBytes, length: span * elementBytes };
  }

  /** Its bytes, row-major, little-endian, piece by piece; a piece is overwritten by the next. */
  *pieces(): Generator<Buffer<ArrayBuffer>> {
    if (this.isContiguous) yield* this.storage.file.pieces(this.range);
    else if (this.size > 0) yield this.gathered();
  }

  /** Its bytes in a buffer of their own. */
  bytes(): Buffer<ArrayBuffer> {
    if (!this.isContiguous) return this.gathered();
    return this.storage.file.read(this.range.offset, this.range.length);
  }

  /** The span that it lies in is in memory while its elements are collected. */
  private gathered(): Buffer<ArrayBuffer> {
    const { elementBytes, file } = this.storage;
    const span = file.read(this.range.offset, this.range.length);
    const collected = Buffer.from(new ArrayBuffer(this.byteLength));
    const index = this.dims.map(() => 0);
    for (let n = 0, at = 0; n < this.size; n++) {
      span.copy(collected, n * elementBytes, at * elementBytes, (at + 1) * elementBytes);
      for (let axis = this.dims.length - 1; axis >= 0; axis--) {
        at += this.strides[axis]!;
        if (++index[axis]! < this.dims[axis]!) break;
        at -= this.strides[axis]! * this.dims[axis]!;
        index[axis] = 0;
      }
    }
    return collected;
  }

  private corrupt(what: string): DomainError {
    return corrupt(this.storage.file.label, `has a tensor [${this.dims.slice(0, MAX_DIMS).join(', ')}] with ${what}`);
  }
}

const MAX_DIMS = 8;

const isSize = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
