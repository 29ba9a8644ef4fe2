import { corrupt, quoted, type ByteFile, type ByteRange } from './byte-file.js';
import type { PickleVocabulary } from './pickle-machine.js';
import {
  PickleDict,
  PickleGlobal,
  PickleList,
  PickleTuple,
  TorchDtypeName,
  type PickleValue,
} from './pickle-values.js';
import { TORCH_DTYPES, TorchStorage, TorchTensor, type TorchDtype } from './torch-tensor.js';

/** A storage that a persistent id names: its element type, its key in the archive, its elements. */
export interface StorageReference {
  readonly dtype: TorchDtype;
  readonly key: string;
  readonly size: number;
}

/** What a persistent id may hold behind its five fields: nothing in archives, None in the old format. */
export type PersistentTail = 'none' | 'null';

/**
 * The names that tensors are pickled with: what each makes is data here, whatever it does in Python.
 * Source: torch/_utils.py and torch/serialization.py.
 */
export class TorchVocabulary implements PickleVocabulary {
  constructor(
    protected readonly file: ByteFile,
    private readonly findStorage: (reference: StorageReference) => TorchStorage | undefined,
    private readonly tail: PersistentTail = 'none',
  ) {}

  global(name: string): PickleValue | undefined {
    const dtype = DTYPE_NAMES.get(name);
    if (dtype) return dtype;
    return GLOBALS.get(name);
  }

  make(name: string, args: readonly PickleValue[]): PickleValue | undefined {
    switch (name) {
      case ORDERED_DICT:
        return this.orderedDict(args);
      case REBUILD_TENSOR:
        return this.tensor(args);
      case REBUILD_PARAMETER:
        if (args.length === 3 && args[0] instanceof TorchTensor) return args[0];
        throw corrupt(this.file.label, 'has a parameter without a tensor');
      default:
        return undefined;
    }
  }

  persistent(id: PickleValue): PickleValue | undefined {
    const items = id instanceof PickleTuple ? id.items : [];
    const [kind, type, key, location, size, ...rest] = items;
    const isTail = this.tail === 'none' ? rest.length === 0 : rest.length === 1 && rest[0] === null;
    const dtype = type instanceof PickleGlobal ? STORAGES.get(type.name) : undefined;
    const isReference = kind === 'storage' && typeof key === 'string' && typeof location === 'string' && isTail;
    if (!isReference || !dtype || !isSize(size)) {
      throw corrupt(this.file.label, 'has a persistent id that is no reference to a storage');
    }
    const found = this.findStorage({ dtype, key, size });
    if (found) return found;
    throw corrupt(this.file.label, `refers to a storage that is not there: "${quoted(key)}"`);
  }

  /** Empty, or of pairs as Python 2 wrote them. */
  private orderedDict(args: readonly PickleValue[]): PickleDict {
    const dict = new PickleDict(true);
    const [pairs] = args;
    if (pairs === undefined) return dict;
    if (args.length > 1 || !(pairs instanceof PickleList)) throw corrupt(this.file.label, 'has no valid OrderedDict');
    for (const pair of pairs.items) {
      const isPair = (pair instanceof PickleTuple || pair instanceof PickleList) && pair.items.length === 2;
      if (!isPair) throw corrupt(this.file.label, 'has no valid OrderedDict');
      dict.set(pair.items[0]!, pair.items[1]!);
    }
    return dict;
  }

  /** (storage, offset, size, stride, requires_grad, backward_hooks, metadata?) */
  private tensor(args: readonly PickleValue[]): TorchTensor {
    const [storage, start, dims, strides] = args;
    const isView =
      args.length >= 6 &&
      args.length <= 7 &&
      storage instanceof TorchStorage &&
      isSize(start) &&
      dims instanceof PickleTuple &&
      strides instanceof PickleTuple &&
      dims.items.every(isSize) &&
      strides.items.every(isSize);
    if (!isView) throw corrupt(this.file.label, 'has a tensor without a valid storage, size or stride');
    return new TorchTensor(storage, start, dims.items, strides.items);
  }
}

/** A storage of `size` elements that fills `range` exactly. @throws DomainError `corrupt_checkpoint` */
export function storageIn(file: ByteFile, { dtype, key, size }: StorageReference, range: ByteRange): TorchStorage {
  const expected = size * TORCH_DTYPES[dtype].bytes;
  if (range.length !== expected) {
    throw corrupt(
      file.label,
      `has ${range.length} bytes in storage "${quoted(key)}", not ${expected} as its tensors say`,
    );
  }
  return new TorchStorage(file, dtype, size, () => range);
}

const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

const ORDERED_DICT = 'collections.OrderedDict';
const REBUILD_TENSOR = 'torch._utils._rebuild_tensor_v2';
const REBUILD_PARAMETER = 'torch._utils._rebuild_parameter';

const dtypes = Object.keys(TORCH_DTYPES) as TorchDtype[];
const STORAGES: ReadonlyMap<string, TorchDtype> = new Map(
  dtypes.map((dtype) => [`torch.${TORCH_DTYPES[dtype].storage}`, dtype]),
);
const DTYPE_NAMES: ReadonlyMap<string, TorchDtypeName> = new Map(
  dtypes.map((dtype) => [`torch.${dtype}`, new TorchDtypeName(dtype)]),
);
const GLOBALS: ReadonlyMap<string, PickleGlobal> = new Map(
  [ORDERED_DICT, REBUILD_TENSOR, REBUILD_PARAMETER, ...STORAGES.keys()].map((name) => [name, new PickleGlobal(name)]),
);
