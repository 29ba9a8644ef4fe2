import type { ByteRange } from './byte-file.js';
import type { TorchStorage, TorchTensor } from './torch-tensor.js';

/** What a pickle can hold here: data, and tensors that still lie in their file. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | PickleBytes
  | PickleList
  | PickleTuple
  | PickleDict
  | PickleGlobal
  | TorchDtypeName
  | TorchStorage
  | TorchTensor;

/** A bytes object, left in the file. */
export class PickleBytes implements ByteRange {
  constructor(
    readonly offset: number,
    readonly length: number,
  ) {}
}

export class PickleList {
  readonly items: PickleValue[] = [];
}

export class PickleTuple {
  constructor(readonly items: readonly PickleValue[]) {}
}

/** Keys and values in the order they were set. Nothing is hashed, and no key can become a property. */
export class PickleDict {
  private readonly flat: PickleValue[] = [];

  /** @param isOrdered whether it is a collections.OrderedDict, which may have attributes; they are not kept */
  constructor(readonly isOrdered: boolean) {}

  set(key: PickleValue, value: PickleValue): void {
    this.flat.push(key, value);
  }

  /** What was set last. */
  get(key: string): PickleValue | undefined {
    for (let n = this.flat.length - 2; n >= 0; n -= 2) if (this.flat[n] === key) return this.flat[n + 1];
    return undefined;
  }

  *entries(): Generator<readonly [PickleValue, PickleValue]> {
    for (let n = 0; n < this.flat.length; n += 2) yield [this.flat[n]!, this.flat[n + 1]!];
  }
}

/** A name that may stand in the file; what it means, if anything, its vocabulary says. */
export class PickleGlobal {
  constructor(readonly name: string) {}
}

/** torch.float32 and the like, as a value. */
export class TorchDtypeName {
  constructor(readonly name: string) {}
}
