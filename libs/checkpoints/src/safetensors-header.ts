import { DomainError } from '@housestyle/domain';

/** Where one tensor lies; offsets are bytes from the start of the file. */
export interface SafetensorsEntry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly dims: readonly number[];
  readonly offset: number;
  readonly length: number;
}

/** Bytes per element of every type the format knows with whole bytes. */
export const DTYPE_BYTES = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  I64: 8,
  U64: 8,
  F64: 8,
} as const;
export type Dtype = keyof typeof DTYPE_BYTES;

/** The length of the header, as 64 bits little-endian, comes first. */
export const LENGTH_BYTES = 8;
/** GPT-2 XL's header has 60 kB; a file that claims more than this is not read. */
export const MAX_HEADER_BYTES = 16 * 1024 * 1024;

/**
 * The header's length out of the file's first eight bytes.
 * @throws DomainError `corrupt_checkpoint`
 */
export function headerLength(file: string, firstBytes: Buffer, fileBytes: number): number {
  if (firstBytes.length < LENGTH_BYTES) throw corrupt(file, `has ${fileBytes} bytes, too few for a header`);
  const length = firstBytes.readBigUInt64LE(0);
  if (length > BigInt(MAX_HEADER_BYTES)) throw corrupt(file, `claims a header of ${length} bytes`);
  if (LENGTH_BYTES + Number(length) > fileBytes) {
    throw corrupt(file, `is truncated inside its header: ${fileBytes} bytes, the header alone has ${length}`);
  }
  return Number(length);
}

/**
 * Reads and checks a header: known types, sizes that fit the shapes, tensors that follow one another without gap or
 * overlap and fill the file to its end. Source: https://github.com/huggingface/safetensors#format
 * @throws DomainError `corrupt_checkpoint` naming the file and the tensor.
 */
export function parseHeader(file: string, header: Buffer, fileBytes: number): SafetensorsEntry[] {
  const dataStart = LENGTH_BYTES + header.length;
  const entries = Object.entries(parseJson(file, header))
    .filter(([name]) => name !== '__metadata__')
    .map(([name, value]) => parseEntry(file, name, value, dataStart))
    .sort((a, b) => a.offset - b.offset || a.length - b.length);
  let end = dataStart;
  for (const entry of entries) {
    if (entry.offset !== end) {
      const what = entry.offset < end ? 'overlaps the tensor before it' : 'leaves a gap before it';
      throw corrupt(file, `tensor ${entry.name} ${what}`);
    }
    end = entry.offset + entry.length;
    if (end > fileBytes) {
      throw corrupt(file, `is truncated: tensor ${entry.name} ends at byte ${end}, the file at ${fileBytes}`);
    }
  }
  if (end !== fileBytes) throw corrupt(file, `has ${fileBytes - end} bytes after its last tensor`);
  return entries;
}

/** What the file says of itself: text by text. */
export function parseMetadata(file: string, header: Buffer): Readonly<Record<string, string>> {
  const json = parseJson(file, header);
  const found: unknown = ('__metadata__' in json && json.__metadata__) || {};
  const entries = Object.entries(found as object).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return Object.fromEntries(entries);
}

export const corrupt = (file: string, what: string): DomainError =>
  new DomainError('corrupt_checkpoint', `${file} ${what}`);

function parseJson(file: string, header: Buffer): object {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(header));
  } catch (cause) {
    throw new DomainError('corrupt_checkpoint', `${file} has a header that is not JSON`, { cause });
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw corrupt(file, 'has a header that is not a JSON object');
  }
  return parsed;
}

function parseEntry(file: string, name: string, value: unknown, dataStart: number): SafetensorsEntry {
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Record<string, unknown>;
  if (typeof dtype !== 'string' || !isDtype(dtype)) {
    throw corrupt(file, `tensor ${name} is of unknown type ${String(dtype)}`);
  }
  if (!isSizes(shape)) throw corrupt(file, `tensor ${name} has no valid shape`);
  if (!isSizes(offsets) || offsets.length !== 2) throw corrupt(file, `tensor ${name} has no valid offsets`);
  const [begin, end] = offsets as [number, number];
  const expected = shape.reduce((bytes, dim) => bytes * dim, DTYPE_BYTES[dtype]);
  if (end - begin !== expected) {
    throw corrupt(file, `tensor ${name} of ${dtype} [${shape.join(', ')}] has ${end - begin} bytes, not ${expected}`);
  }
  return { name, dtype, dims: shape, offset: dataStart + begin, length: expected };
}

const isDtype = (value: string): value is Dtype => Object.hasOwn(DTYPE_BYTES, value);

const isSizes = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.length <= 16 && value.every((item) => Number.isSafeInteger(item) && item >= 0);
