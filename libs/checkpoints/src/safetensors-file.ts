import { closeSync, fstatSync, openSync, readSync, realpathSync } from 'node:fs';
import { DomainError } from '@housestyle/domain';
import type { FileTensor, Tensor, WeightSource, WeightTensor } from '@housestyle/graph';
import { bfloat16ToFloat32, float16ToFloat32 } from './half-precision.js';
import {
  corrupt,
  headerLength,
  LENGTH_BYTES,
  parseHeader,
  parseMetadata,
  type SafetensorsEntry,
} from './safetensors-header.js';

/**
 * The tensors of a `.safetensors` file. Opening reads and checks the header only. fp32 tensors are handed out by
 * reference, for the runtime to map; half precision is converted when asked for. Values are read by offset when they
 * are needed, so a file that is in use is never changed in place: a new version is a new file. Little-endian machines.
 */
export class SafetensorsFile implements WeightSource {
  private constructor(
    readonly label: string,
    /** absolute, symbolic links resolved: a runtime takes locations inside one real folder only. */
    private readonly path: string,
    private readonly entries: ReadonlyMap<string, SafetensorsEntry>,
    /** what its writer noted. */
    readonly metadata: Readonly<Record<string, string>>,
  ) {}

  /** @throws DomainError `corrupt_checkpoint`, or `invalid_model` when there is no such file. */
  static open(file: string, label = file): SafetensorsFile {
    return withFile(file, label, (descriptor) => {
      const fileBytes = fstatSync(descriptor).size;
      const length = headerLength(label, readAt(descriptor, 0, Math.min(LENGTH_BYTES, fileBytes), label), fileBytes);
      const header = readAt(descriptor, LENGTH_BYTES, length, label);
      const entries = new Map(parseHeader(label, header, fileBytes).map((entry) => [entry.name, entry]));
      return new SafetensorsFile(label, realpathSync(file), entries, parseMetadata(label, header));
    });
  }

  names(): readonly string[] {
    return [...this.entries.keys()];
  }

  find(name: string): WeightTensor | undefined {
    const entry = this.entries.get(name);
    if (!entry) return undefined;
    const { dtype, dims, offset, length } = entry;
    if (dtype === 'F32' && offset % Float32Array.BYTES_PER_ELEMENT === 0) {
      return { type: 'float32', dims, file: this.path, offset, length };
    }
    const tensor = this.tensor(name)!;
    if (tensor.type === 'float32' || tensor.type === 'int64') return tensor;
    throw corrupt(this.label, `tensor ${name} of ${dtype} is not a weight`);
  }

  read(name: string): Float32Array | undefined {
    const tensor = this.tensor(name);
    if (!tensor || tensor.type === 'float32') return tensor?.data;
    throw corrupt(this.label, `tensor ${name} of ${tensor.type} is not a weight`);
  }

  findHalf(name: string): FileTensor<'float16'> | undefined {
    const entry = this.entries.get(name);
    if (entry?.dtype !== 'F16' || entry.offset % Uint16Array.BYTES_PER_ELEMENT !== 0) return undefined;
    const { dims, offset, length } = entry;
    return { type: 'float16', dims, file: this.path, offset, length };
  }

  /**
   * A tensor's values, half precision as fp32; undefined when there is none of that name.
   * @throws DomainError `corrupt_checkpoint` for an element type that is not supported.
   */
  tensor(name: string): Tensor | undefined {
    const entry = this.entries.get(name);
    if (!entry) return undefined;
    const { dims, dtype, offset, length } = entry;
    const bytes = withFile(this.path, this.label, (descriptor) => readAt(descriptor, offset, length, this.label));
    switch (dtype) {
      case 'F32':
        return { type: 'float32', dims, data: new Float32Array(bytes.buffer) };
      case 'F16':
        return { type: 'float32', dims, data: float16ToFloat32(new Uint16Array(bytes.buffer)) };
      case 'BF16':
        return { type: 'float32', dims, data: bfloat16ToFloat32(new Uint16Array(bytes.buffer)) };
      case 'I64':
        return { type: 'int64', dims, data: new BigInt64Array(bytes.buffer) };
      case 'U8':
        return { type: 'uint8', dims, data: new Uint8Array(bytes.buffer) };
      default:
        throw corrupt(this.label, `tensor ${name} is of type ${dtype}, which is not supported`);
    }
  }
}

function withFile<T>(file: string, label: string, use: (descriptor: number) => T): T {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (cause) {
    throw new DomainError('invalid_model', `${label} cannot be opened`, { cause });
  }
  try {
    return use(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** A buffer of its own, so that typed arrays over it are aligned. */
function readAt(descriptor: number, offset: number, length: number, label: string): Buffer<ArrayBuffer> {
  const bytes = Buffer.from(new ArrayBuffer(length));
  let filled = 0;
  while (filled < length) {
    const count = readSync(descriptor, bytes, filled, length - filled, offset + filled);
    if (count === 0) throw corrupt(label, `ends at byte ${offset + filled}, ${offset + length} were expected`);
    filled += count;
  }
  return bytes;
}
