import { DomainError } from '@housestyle/domain';
import type { WeightSource, WeightTensor } from '@housestyle/graph';
import { bfloat16ToFloat32, float16ToFloat32 } from '../half-precision.js';
import type { SafetensorsTensor } from '../safetensors-writer.js';
import { ByteFile, corrupt, quoted, type ByteRange } from './byte-file.js';
import { PickleCursor } from './pickle-cursor.js';
import { readPickle, type PickleLimits } from './pickle-machine.js';
import { PickleDict, type PickleValue } from './pickle-values.js';
import type { ZipEntry } from './stored-zip.js';
import { openTorchArchive } from './torch-format.js';
import { TORCH_DTYPES, TorchStorage, TorchTensor, type TorchDtype } from './torch-tensor.js';
import { TorchVocabulary, storageIn, type StorageReference } from './torch-vocabulary.js';

/**
 * The tensors of a state dict that torch.save has written. Opening reads names and shapes; values stay in the file and
 * are read, piece by piece where wanted, when they are asked for, after their checksum. Nothing in the file is ever run:
 * what is not a tensor, a number, a text or a dict of those is refused by its name. Close it when done.
 */
export class PyTorchFile implements WeightSource {
  private constructor(
    private readonly file: ByteFile,
    private readonly tensors: ReadonlyMap<string, TorchTensor>,
  ) {}

  /**
   * @throws DomainError `unsafe_checkpoint` naming what was refused; `unsupported_checkpoint` saying how to convert;
   * `corrupt_checkpoint`; `invalid_model` when there is no such file, or no tensors in it.
   */
  static open(path: string, label = path): PyTorchFile {
    const file = ByteFile.open(path, label);
    try {
      return new PyTorchFile(file, readStateDict(file));
    } catch (error) {
      file.close();
      throw error;
    }
  }

  get label(): string {
    return this.file.label;
  }

  names(): readonly string[] {
    return [...this.tensors.keys()];
  }

  /** Undefined when there is no such tensor. */
  describe(name: string): { readonly dtype: TorchDtype; readonly dims: readonly number[] } | undefined {
    const tensor = this.tensors.get(name);
    return tensor && { dtype: tensor.storage.dtype, dims: tensor.dims };
  }

  /** By reference where the values are fp32 and lie as they are wanted. @throws DomainError `corrupt_checkpoint` */
  find(name: string): WeightTensor | undefined {
    const tensor = this.tensors.get(name);
    if (!tensor) return undefined;
    const { dims, storage } = tensor;
    if (storage.dtype === 'int64') return { type: 'int64', dims, data: new BigInt64Array(tensor.bytes().buffer) };
    if (storage.dtype === 'float32' && tensor.isContiguous && tensor.range.offset % 4 === 0) {
      return { type: 'float32', dims, file: this.file.path, ...tensor.range };
    }
    return { type: 'float32', dims, data: this.read(name)! };
  }

  /** Its values, half precision as fp32. @throws DomainError `corrupt_checkpoint` */
  read(name: string): Float32Array | undefined {
    const tensor = this.tensors.get(name);
    if (!tensor) return undefined;
    return floatsOf(tensor, name);
  }

  /** The tensor to be written elsewhere as it is, without holding it in memory. */
  stream(name: string): SafetensorsTensor | undefined {
    const tensor = this.tensors.get(name);
    if (!tensor) return undefined;
    const { dims, byteLength, storage } = tensor;
    const dtype = TORCH_DTYPES[storage.dtype].safetensors;
    return { dtype, dims, byteLength, pieces: () => tensor.pieces() };
  }

  /** Whether both names stand for the very same memory, as a tied head does. */
  isSame(one: string, other: string): boolean {
    const [a, b] = [this.tensors.get(one), this.tensors.get(other)];
    if (!a || !b) return false;
    const view = ({ start, dims, strides }: TorchTensor) => `${start}:${dims.join()}:${strides.join()}`;
    return a.storage === b.storage && view(a) === view(b);
  }

  close(): void {
    this.file.close();
  }
}

/** The values of a tensor as fp32. @throws DomainError `corrupt_checkpoint` */
export function floatsOf(tensor: TorchTensor, name: string): Float32Array {
  const { dtype, file } = tensor.storage;
  switch (dtype) {
    case 'float32':
      return new Float32Array(tensor.bytes().buffer);
    case 'float16':
      return float16ToFloat32(new Uint16Array(tensor.bytes().buffer));
    case 'bfloat16':
      return bfloat16ToFloat32(new Uint16Array(tensor.bytes().buffer));
    case 'int64':
    case 'uint8':
    case 'bool':
      throw corrupt(file.label, `tensor ${quoted(name)} of ${dtype} is not a weight`);
  }
}

function readStateDict(file: ByteFile): ReadonlyMap<string, TorchTensor> {
  const { root, entries } = openTorchArchive(file);
  const storages = new ArchivedStorages(file, entries, root);
  const vocabulary = new TorchVocabulary(file, (reference) => storages.find(reference));
  const pickle = entries.get(`${root}/data.pkl`)!;
  if (pickle.length > MAX_PICKLE_BYTES) throw corrupt(file.label, `has a data.pkl of ${pickle.length} bytes`);
  verify(file, pickle, storages.hasChecksums);
  const cursor = new PickleCursor(file, pickle, file.label, MAX_STRING_BYTES);
  const value = readPickle(cursor, vocabulary, LIMITS);
  if (cursor.position !== pickle.offset + pickle.length) throw cursor.corrupt('goes on after its end');
  return tensorsOf(file, value);
}

/** The storages of an archive, each made once: tensors that share memory share the object. */
class ArchivedStorages {
  readonly hasChecksums: boolean;
  private readonly found = new Map<string, TorchStorage>();

  constructor(
    private readonly file: ByteFile,
    private readonly entries: ReadonlyMap<string, ZipEntry>,
    private readonly root: string,
  ) {
    // torch.serialization.set_crc32_options(False) writes zeros in their place
    this.hasChecksums = [...entries.values()].some((entry) => entry.crc32 !== 0);
  }

  /** @throws DomainError `corrupt_checkpoint` for a storage that is not what its reference says */
  find(reference: StorageReference): TorchStorage | undefined {
    const { key, dtype, size } = reference;
    const known = this.found.get(key);
    if (known) {
      if (known.dtype === dtype && known.size === size) return known;
      throw corrupt(this.file.label, `has two stories about storage "${quoted(key)}"`);
    }
    const entry = this.entries.get(`${this.root}/data/${key}`);
    if (!entry) return undefined;
    storageIn(this.file, reference, entry);
    const storage = new TorchStorage(this.file, dtype, size, this.verifiedOnce(entry));
    this.found.set(key, storage);
    return storage;
  }

  private verifiedOnce(entry: ZipEntry): () => ByteRange {
    let isVerified = false;
    return () => {
      if (!isVerified) verify(this.file, entry, this.hasChecksums);
      isVerified = true;
      return entry;
    };
  }
}

function verify(file: ByteFile, entry: ZipEntry, hasChecksums: boolean): void {
  if (hasChecksums && file.crc32(entry) !== entry.crc32) {
    throw corrupt(file.label, `has other bytes in ${entry.name} than its checksum says`);
  }
}

/** Tensors by name; a training's own wrapping around the state dict is looked through. */
function tensorsOf(file: ByteFile, value: PickleValue): ReadonlyMap<string, TorchTensor> {
  const wrapped = value instanceof PickleDict ? WRAPPINGS.map((key) => value.get(key)) : [];
  const dict = wrapped.find((found) => found instanceof PickleDict) ?? value;
  if (!(dict instanceof PickleDict)) throw new DomainError('invalid_model', `${file.label} holds no state dict`);
  const tensors = new Map<string, TorchTensor>();
  const storages = new Set<TorchStorage>();
  let bytes = 0;
  for (const [name, tensor] of dict.entries()) {
    if (typeof name !== 'string' || !(tensor instanceof TorchTensor)) continue;
    tensors.set(name, tensor);
    storages.add(tensor.storage);
    bytes += tensor.byteLength;
  }
  if (tensors.size === 0) throw new DomainError('invalid_model', `${file.label} holds no tensors`);
  const stored = [...storages].reduce((sum, { size, elementBytes }) => sum + size * elementBytes, 0);
  if (bytes > MAX_SHARING * stored) throw corrupt(file.label, `makes ${bytes} bytes of tensors out of ${stored}`);
  return tensors;
}

const WRAPPINGS = ['state_dict', 'model_state_dict'];

/** GPT-2 XL's is 150 kB. */
const MAX_PICKLE_BYTES = 16 * 1024 * 1024;
const MAX_STRING_BYTES = 64 * 1024;
const LIMITS: PickleLimits = {
  maxObjects: 500_000,
  maxValues: 4_000_000,
  maxStringBytes: MAX_STRING_BYTES,
  maxTextBytes: MAX_PICKLE_BYTES,
};
/** A tied head doubles one table; tensors that show the same memory again and again are a bomb. */
const MAX_SHARING = 4;
