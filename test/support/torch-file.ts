import { open } from 'node:fs/promises';
import * as p from './pickle.js';
import { storedZip, zipOf, type StoredFile } from './zip.js';

/** A tensor for a state dict, contiguous in a storage of its own unless it says otherwise. */
export interface TorchTensorData {
  readonly dims: readonly number[];
  readonly storage?: 'FloatStorage' | 'HalfStorage' | 'BFloat16Storage' | 'LongStorage' | 'ByteStorage' | 'BoolStorage';
  readonly data: StoredFile['data'];
  /** a tensor of the same state dict whose memory it looks at. */
  readonly sharedWith?: string;
}

/** fp32 that is a hole in the file: for names and shapes of any size. */
export const unread = (dims: readonly number[]): TorchTensorData => ({ dims, data: { unread: 4 * elements(dims) } });

export type StateDict = ReadonlyMap<string, TorchTensorData>;

/** fp32 out of a rule: made when it is written. */
export const floats = (dims: readonly number[], value: (index: number) => number = () => 0): TorchTensorData => ({
  dims,
  data: () => Buffer.from(Float32Array.from({ length: elements(dims) }, (_, n) => value(n)).buffer),
});

/** What torch.save(state, file) writes. */
export const torchFile = (state: StateDict, options?: { readonly isWide?: boolean }): Buffer =>
  zipOf(torchArchive(stateDictPickle(state), storagesOf(state)), options);

/** The same on disk, a tensor at a time in memory. */
export async function writeTorchFile(file: string, state: StateDict): Promise<void> {
  const handle = await open(file, 'w');
  let at = 0;
  for (const part of storedZip(torchArchive(stateDictPickle(state), storagesOf(state)))) {
    if (typeof part !== 'number') await handle.write(part, 0, part.length, at);
    at += typeof part === 'number' ? part : part.length;
  }
  await handle.close();
}

/** An archive around any pickle. */
export const torchArchive = (dataPickle: Buffer, storages: readonly StoredFile[] = []): StoredFile[] => [
  { name: 'archive/data.pkl', data: dataPickle },
  { name: 'archive/byteorder', data: Buffer.from('little') },
  ...storages,
  { name: 'archive/version', data: Buffer.from('3\n') },
];

export const storageFile = (key: string, data: StoredFile['data']): StoredFile => ({
  name: `archive/data/${key}`,
  data,
});

/** A persistent id, as torch.save writes one. */
export const storageId = (type: string, key: string, size: number | bigint): Buffer =>
  Buffer.concat([
    p.tuple(p.text('storage'), p.global('torch', type), p.text(key), p.text('cpu'), p.int(size)),
    p.BINPERSID,
  ]);

export interface View {
  readonly start?: number | bigint;
  readonly dims: readonly (number | bigint)[];
  readonly strides?: readonly (number | bigint)[];
}

/** A tensor that looks at `storage`, any storage. */
export function tensorPickle(storage: Buffer, { start = 0, dims, strides = contiguous(dims) }: View): Buffer {
  const [sizes, steps] = [dims, strides].map((numbers) => p.tuple(...numbers.map((number) => p.int(number))));
  const hooks = p.call(p.global('collections', 'OrderedDict'));
  return p.call(p.global('torch._utils', '_rebuild_tensor_v2'), storage, p.int(start), sizes!, steps!, p.FALSE, hooks);
}

function stateDictPickle(state: StateDict): Buffer {
  const keys = [...state.keys()];
  const items = keys.map((name): readonly [string, Buffer] => {
    const { dims, storage = 'FloatStorage', sharedWith } = state.get(name)!;
    const key = keys.indexOf(sharedWith ?? name).toString();
    const shared = state.get(sharedWith ?? name)!;
    return [name, tensorPickle(storageId(storage, key, elements(shared.dims)), { dims })];
  });
  const ordered = p.call(p.global('collections', 'OrderedDict'));
  const flat = items.flatMap(([name, tensor]) => [p.text(name), tensor]);
  const metadata = p.dict(['_metadata', p.dict(['', p.dict(['version', p.int(1)])])]);
  return p.pickle(ordered, p.MARK, ...flat, p.SETITEMS, metadata, p.BUILD);
}

const storagesOf = (state: StateDict): StoredFile[] =>
  [...state.entries()].flatMap(([, { data, sharedWith }], key) =>
    sharedWith === undefined ? [storageFile(key.toString(), data)] : [],
  );

const elements = (dims: readonly number[]): number => dims.reduce((product, dim) => product * dim, 1);

function contiguous(dims: readonly (number | bigint)[]): number[] {
  return dims.map((_, n) => dims.slice(n + 1).reduce<number>((product, dim) => product * Number(dim), 1));
}
