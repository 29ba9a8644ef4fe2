import { crc32 } from 'node:zlib';

/** A file for a zip archive, stored as it is unless the test wants a lie. */
export interface StoredFile {
  readonly name: string;
  /** made when it is written, so that big ones need not be there together; or so many bytes that nobody will read. */
  readonly data: Buffer | (() => Buffer) | { readonly unread: number };
  /** what the directory and the file's own header say where they are to lie. */
  readonly claims?: {
    readonly method?: number;
    readonly flags?: number;
    readonly size?: number;
    readonly crc32?: number;
  };
  readonly localName?: string;
  /** where the directory says that the file begins. */
  readonly headerOffset?: number;
}

/** The archive's bytes, part by part, a number standing for so many bytes of no account; every file's bytes begin at a multiple of 64, as torch.save writes them. */
export function* storedZip(files: readonly StoredFile[], { isWide = false } = {}): Generator<Buffer | number> {
  const directory: Buffer[] = [];
  let offset = 0;
  for (const file of files) {
    const data = typeof file.data === 'function' ? file.data() : file.data;
    const [numBytes, checksum] = 'unread' in data ? [data.unread, 0] : [data.length, crc32(data)];
    const { method = 0, flags = 0x800, size = numBytes, crc32: sum = checksum } = file.claims ?? {};
    const sizes = { method, flags, size, sum };
    const begin = offset + 30 + Buffer.byteLength(file.localName ?? file.name);
    const padding = Buffer.alloc(4 + ((60 - (begin % 64) + 64) % 64));
    padding.write('FB', 'latin1');
    padding.writeUInt16LE(padding.length - 4, 2);
    const local = header(0x04034b50, file.localName ?? file.name, padding, sizes);
    directory.push(header(0x02014b50, file.name, Buffer.alloc(0), sizes, file.headerOffset ?? offset));
    yield local;
    yield 'unread' in data ? numBytes : data;
    offset += local.length + numBytes;
  }
  const listing = Buffer.concat(directory);
  yield listing;
  if (isWide) yield wideEnd(files.length, listing.length, offset);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(isWide ? 0xffff : files.length, 8);
  end.writeUInt16LE(isWide ? 0xffff : files.length, 10);
  end.writeUInt32LE(isWide ? 0xffffffff : listing.length, 12);
  end.writeUInt32LE(isWide ? 0xffffffff : offset, 16);
  yield end;
}

export const zipOf = (files: readonly StoredFile[], options?: { readonly isWide?: boolean }): Buffer =>
  Buffer.concat([...storedZip(files, options)].map((part) => (typeof part === 'number' ? Buffer.alloc(part) : part)));

interface Sizes {
  readonly method: number;
  readonly flags: number;
  readonly size: number;
  readonly sum: number;
}

/** A local header, or with `at` an entry of the directory, which has a field more in front and four behind. */
function header(
  signature: number,
  name: string,
  extra: Buffer,
  { method, flags, size, sum }: Sizes,
  at?: number,
): Buffer {
  const middle = Buffer.alloc(26);
  middle.writeUInt16LE(flags, 2);
  middle.writeUInt16LE(method, 4);
  middle.writeUInt32LE(sum, 10);
  middle.writeUInt32LE(size, 14);
  middle.writeUInt32LE(size, 18);
  middle.writeUInt16LE(Buffer.byteLength(name), 22);
  middle.writeUInt16LE(extra.length, 24);
  const begin = Buffer.alloc(at === undefined ? 4 : 6);
  begin.writeUInt32LE(signature);
  const rest = Buffer.alloc(at === undefined ? 0 : 14);
  if (at !== undefined) rest.writeUInt32LE(at, 10);
  return Buffer.concat([begin, middle, rest, Buffer.from(name), extra]);
}

function wideEnd(count: number, length: number, offset: number): Buffer {
  const record = Buffer.alloc(56);
  record.writeUInt32LE(0x06064b50, 0);
  record.writeBigUInt64LE(44n, 4);
  record.writeBigUInt64LE(BigInt(count), 24);
  record.writeBigUInt64LE(BigInt(count), 32);
  record.writeBigUInt64LE(BigInt(length), 40);
  record.writeBigUInt64LE(BigInt(offset), 48);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50, 0);
  locator.writeBigUInt64LE(BigInt(offset + length), 8);
  locator.writeUInt32LE(1, 16);
  return Buffer.concat([record, locator]);
}
