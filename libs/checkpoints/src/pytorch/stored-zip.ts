import { DomainError } from '@housestyle/domain';
import { corrupt, quoted, type ByteFile, type ByteRange } from './byte-file.js';
import { findDirectory, type ZipDirectory } from './zip-end.js';

/** One file of the archive: its bytes as they lie in the archive. */
export interface ZipEntry extends ByteRange {
  readonly name: string;
  readonly crc32: number;
}

/**
 * The files of a zip archive whose files are stored as they are, as torch.save writes it: their bytes are read in place.
 * The directory at the end is the only index; each file's own header has to agree with it, no two files may share
 * bytes, and nothing is ever extracted. Source: PKWARE's APPNOTE.TXT 6.3.9, sections 4.3 and 4.5.3.
 * @throws DomainError `corrupt_checkpoint`; `unsupported_checkpoint` for compressed or encrypted files;
 * `unsafe_checkpoint` for names that leave the archive.
 * @param inspect told all names before anything else of the files is looked at
 */
export function readStoredZip(
  file: ByteFile,
  inspect: (names: readonly string[]) => void = () => {},
): ReadonlyMap<string, ZipEntry> {
  const directory = findDirectory(file);
  const headers = parseDirectory(file, directory).sort((a, b) => a.headerOffset - b.headerOffset);
  inspect(headers.map(({ name }) => name));
  const entries = new Map<string, ZipEntry>();
  headers.forEach((header, n) => {
    expectStored(file, header);
    const offset = dataOffset(file, header);
    const end = headers[n + 1]?.headerOffset ?? directory.offset;
    if (offset + header.length > end) throw corrupt(file.label, `has files that overlap: ${quoted(header.name)}`);
    if (entries.has(header.name)) throw corrupt(file.label, `has two files named ${quoted(header.name)}`);
    entries.set(header.name, { name: header.name, offset, length: header.length, crc32: header.crc32 });
  });
  return entries;
}

interface FileHeader {
  readonly name: string;
  readonly length: number;
  readonly crc32: number;
  readonly headerOffset: number;
  readonly storedLength: number;
  readonly method: number;
  readonly flags: number;
}

function parseDirectory(file: ByteFile, { offset, length, count }: ZipDirectory): FileHeader[] {
  const bytes = file.read(offset, length);
  const headers: FileHeader[] = [];
  let at = 0;
  for (let n = 0; n < count; n++) {
    if (at + HEADER_BYTES > length || bytes.readUInt32LE(at) !== HEADER_SIGNATURE) {
      throw corrupt(file.label, `has a directory of ${count} files that breaks off at file ${n}`);
    }
    const end =
      at + HEADER_BYTES + bytes.readUInt16LE(at + 28) + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
    if (end > length) throw corrupt(file.label, `has a directory of ${count} files that breaks off at file ${n}`);
    headers.push(parseFileHeader(file, bytes.subarray(at, end)));
    at = end;
  }
  if (at !== length) throw corrupt(file.label, `has a directory with ${length - at} bytes too many`);
  return headers;
}

function parseFileHeader(file: ByteFile, header: Buffer): FileHeader {
  const nameEnd = HEADER_BYTES + header.readUInt16LE(28);
  const name = plainName(file.label, header.subarray(HEADER_BYTES, nameEnd));
  const extra = header.subarray(nameEnd, nameEnd + header.readUInt16LE(30));
  const wide = new WideFields(file.label, extra);
  const length = wide.field(header.readUInt32LE(24));
  const storedLength = wide.field(header.readUInt32LE(20));
  const headerOffset = wide.field(header.readUInt32LE(42));
  const [flags, method, crc32] = [header.readUInt16LE(8), header.readUInt16LE(10), header.readUInt32LE(16)];
  return { name, length, storedLength, headerOffset, flags, method, crc32 };
}

function expectStored(file: ByteFile, { name, flags, method, length, storedLength, headerOffset }: FileHeader): void {
  if (flags & ENCRYPTED) throw unsupported(file.label, `has an encrypted file, ${name}`);
  if (method !== STORED) {
    const advice = 'files of torch.save are stored; write it anew with torch.save, or zip it with `zip -0`';
    throw unsupported(file.label, `has a compressed file, ${name}: ${advice}`);
  }
  if (storedLength !== length) {
    throw corrupt(file.label, `lies about ${name}: ${storedLength} bytes stored for ${length}`);
  }
  if (headerOffset + length > file.size) throw corrupt(file.label, `has a file that lies beyond its end: ${name}`);
}

/** Sizes of 64 bits, in the order of the narrow fields that they stand for. */
class WideFields {
  private at = 0;
  private readonly values: Buffer;

  constructor(
    private readonly label: string,
    extra: Buffer,
  ) {
    this.values = extraField(extra, ZIP64_EXTRA);
  }

  field(narrow: number): number {
    if (narrow !== IS_WIDE) return narrow;
    if (this.at + 8 > this.values.length) throw corrupt(this.label, 'lacks a 64-bit size that its directory announces');
    const value = this.values.readBigUInt64LE(this.at);
    this.at += 8;
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw corrupt(this.label, `claims a size of ${value} bytes`);
    return Number(value);
  }
}

function extraField(extra: Buffer, id: number): Buffer {
  for (let at = 0; at + 4 <= extra.length;) {
    const end = at + 4 + extra.readUInt16LE(at + 2);
    if (extra.readUInt16LE(at) === id) return extra.subarray(at + 4, end);
    at = end;
  }
  return Buffer.alloc(0);
}

/** Where the bytes begin, behind the file's own header. */
function dataOffset(file: ByteFile, { name, headerOffset }: FileHeader): number {
  const header = file.read(headerOffset, LOCAL_BYTES);
  const nameBytes = header.readUInt16LE(26);
  const isSame =
    header.readUInt32LE(0) === LOCAL_SIGNATURE &&
    header.readUInt16LE(8) === STORED &&
    file.read(headerOffset + LOCAL_BYTES, nameBytes).equals(Buffer.from(name));
  if (!isSame) throw corrupt(file.label, `has another file where its directory says ${name} is`);
  return headerOffset + LOCAL_BYTES + nameBytes + header.readUInt16LE(28);
}

function plainName(label: string, bytes: Buffer): string {
  let name: string;
  try {
    name = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new DomainError('corrupt_checkpoint', `${label} has a file name that is not UTF-8`, { cause });
  }
  if (PLAIN_NAME.test(name) && !name.split('/').some((part) => part === '' || part === '.' || part === '..'))
    return name;
  throw new DomainError('unsafe_checkpoint', `${label} has a file name that leaves the archive: "${quoted(name)}"`);
}

const unsupported = (label: string, what: string): DomainError =>
  new DomainError('unsupported_checkpoint', `${label} ${what}`);

/** Neither a drive, nor a backslash, nor a control character. */
const PLAIN_NAME = /^[^\\:\p{Cc}]{1,512}$/u;

const HEADER_SIGNATURE = 0x02014b50;
const HEADER_BYTES = 46;
const LOCAL_SIGNATURE = 0x04034b50;
const LOCAL_BYTES = 30;
const STORED = 0;
const ENCRYPTED = 1;
const ZIP64_EXTRA = 1;
const IS_WIDE = 0xffffffff;
