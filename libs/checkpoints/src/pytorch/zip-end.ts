import { corrupt, type ByteFile, type ByteRange } from './byte-file.js';

/** Where an archive's directory lies, and how many files it lists. */
export interface ZipDirectory extends ByteRange {
  readonly count: number;
}

/**
 * Reads the record at the very end of the archive, and the 64-bit one before it where sizes need it. A directory has to
 * fill the room up to those records: two readers can then not see two archives in one file.
 * @throws DomainError `corrupt_checkpoint`
 */
export function findDirectory(file: ByteFile): ZipDirectory {
  const end = file.size - END_BYTES;
  const record = file.size >= END_BYTES ? file.read(end, END_BYTES) : Buffer.alloc(END_BYTES);
  if (record.readUInt32LE(0) !== END_SIGNATURE) {
    throw corrupt(file.label, 'has no zip directory at its end: it is truncated, or something follows it');
  }
  const narrow = {
    count: record.readUInt16LE(10),
    length: record.readUInt32LE(12),
    offset: record.readUInt32LE(16),
    end,
  };
  const isWide = narrow.count === 0xffff || narrow.length === 0xffffffff || narrow.offset === 0xffffffff;
  const {
    count,
    length,
    offset,
    end: directoryEnd,
  } = isWide ? wideRecord(file, end) : { ...narrow, end: endOf(file, end) };
  if (offset + length !== directoryEnd) throw corrupt(file.label, 'has a zip directory that is not where it says');
  if (count > MAX_FILES) throw corrupt(file.label, `claims ${count} files; up to ${MAX_FILES} are read`);
  if (length > MAX_DIRECTORY_BYTES) throw corrupt(file.label, `claims a zip directory of ${length} bytes`);
  return { count, length, offset };
}

/** torch.save writes the 64-bit record always, needed or not: the directory ends before it. */
function endOf(file: ByteFile, end: number): number {
  return hasLocator(file, end) ? wideRecord(file, end).end : end;
}

const hasLocator = (file: ByteFile, end: number): boolean =>
  end >= LOCATOR_BYTES && file.read(end - LOCATOR_BYTES, 4).readUInt32LE(0) === LOCATOR_SIGNATURE;

function wideRecord(file: ByteFile, end: number): ZipDirectory & { readonly end: number } {
  if (!hasLocator(file, end)) throw corrupt(file.label, 'lacks the 64-bit zip record that its end announces');
  const at = number(file, file.read(end - LOCATOR_BYTES, LOCATOR_BYTES), 8);
  if (at + WIDE_BYTES !== end - LOCATOR_BYTES)
    throw corrupt(file.label, 'has a 64-bit zip record that is not where it says');
  const record = file.read(at, WIDE_BYTES);
  if (record.readUInt32LE(0) !== WIDE_SIGNATURE) throw corrupt(file.label, 'has no 64-bit zip record where it says');
  return {
    count: number(file, record, 32),
    length: number(file, record, 40),
    offset: number(file, record, 48),
    end: at,
  };
}

function number(file: ByteFile, bytes: Buffer, at: number): number {
  const value = bytes.readBigUInt64LE(at);
  if (value > BigInt(file.size)) throw corrupt(file.label, `claims ${value} where it has ${file.size} bytes in all`);
  return Number(value);
}

/** GPT-2 XL with a mapper has some 700 tensors. */
const MAX_FILES = 65_535;
const MAX_DIRECTORY_BYTES = 16 * 1024 * 1024;

const END_SIGNATURE = 0x06054b50;
const END_BYTES = 22;
const LOCATOR_SIGNATURE = 0x07064b50;
const LOCATOR_BYTES = 20;
const WIDE_SIGNATURE = 0x06064b50;
const WIDE_BYTES = 56;
