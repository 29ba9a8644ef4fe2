import { closeSync, fstatSync, openSync, readSync, realpathSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { DomainError } from '@housestyle/domain';

/** A file that is read by range while it is open; nothing of it is kept. */
export class ByteFile {
  private isOpen = true;

  private constructor(
    readonly label: string,
    /** absolute, symbolic links resolved. */
    readonly path: string,
    private readonly descriptor: number,
    /** bytes. */
    readonly size: number,
  ) {}

  /** @throws DomainError `invalid_model` when there is no such file. */
  static open(file: string, label = file): ByteFile {
    let descriptor: number | undefined;
    try {
      descriptor = openSync(file, 'r');
      const found = fstatSync(descriptor);
      if (!found.isFile()) throw new Error('not a file');
      return new ByteFile(label, realpathSync(file), descriptor, found.size);
    } catch (cause) {
      if (descriptor !== undefined) closeSync(descriptor);
      throw new DomainError('invalid_model', `${label} cannot be opened as a file`, { cause });
    }
  }

  /** Bytes in a buffer of their own, so that typed arrays over it are aligned. @throws DomainError `corrupt_checkpoint` */
  read(offset: number, length: number): Buffer<ArrayBuffer> {
    this.expectInside(offset, length);
    const bytes = Buffer.from(new ArrayBuffer(length));
    this.fill(bytes, offset);
    return bytes;
  }

  /** The same bytes piece by piece; a piece is overwritten by the next. */
  *pieces({ offset, length }: ByteRange, pieceBytes = PIECE_BYTES): Generator<Buffer<ArrayBuffer>> {
    this.expectInside(offset, length);
    const buffer = Buffer.from(new ArrayBuffer(Math.min(pieceBytes, length)));
    for (let done = 0; done < length; done += pieceBytes) {
      const piece = buffer.subarray(0, Math.min(pieceBytes, length - done));
      this.fill(piece, offset + done);
      yield piece;
    }
  }

  crc32(range: ByteRange): number {
    let sum = 0;
    for (const piece of this.pieces(range)) sum = crc32(piece, sum);
    return sum;
  }

  close(): void {
    if (this.isOpen) closeSync(this.descriptor);
    this.isOpen = false;
  }

  private expectInside(offset: number, length: number): void {
    const isInside = offset >= 0 && length >= 0 && offset + length <= this.size;
    if (!isInside) throw corrupt(this.label, `ends at byte ${this.size}, ${offset + length} were expected`);
  }

  private fill(bytes: Buffer, offset: number): void {
    let filled = 0;
    while (filled < bytes.length) {
      const count = readSync(this.descriptor, bytes, filled, bytes.length - filled, offset + filled);
      if (count === 0) throw corrupt(this.label, `became shorter while it was read`);
      filled += count;
    }
  }
}

/** Where bytes lie in a file. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

export const corrupt = (label: string, what: string): DomainError =>
  new DomainError('corrupt_checkpoint', `${label} ${what}`);

/** What a file says, fit to be shown on a terminal. */
export function quoted(text: string): string {
  const short = text.length > 100 ? `${text.slice(0, 100)}…` : text;
  return short.replace(/[^\x20-\x7e…]/g, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}

const PIECE_BYTES = 1024 * 1024;
