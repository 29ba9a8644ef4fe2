import type { DomainError } from '@housestyle/domain';
import { corrupt, type ByteFile, type ByteRange } from './byte-file.js';
import { PickleBytes } from './pickle-values.js';

/** Reads a pickle's bytes one after another, a window of the file at a time. Integers are little-endian. */
export class PickleCursor {
  private window: Buffer = Buffer.alloc(0);
  /** of the window's first byte, in the file. */
  private windowOffset: number;
  private at = 0;
  private readonly end: number;

  constructor(
    readonly file: ByteFile,
    range: ByteRange,
    /** what to call it in a complaint. */
    readonly label: string,
    private readonly maxStringBytes: number,
  ) {
    this.windowOffset = range.offset;
    this.end = range.offset + range.length;
  }

  /** of the next byte, in the file. */
  get position(): number {
    return this.windowOffset + this.at;
  }

  byte(): number {
    return this.take(1)[0]!;
  }

  /** Of `bytes` bytes, at most 6. */
  unsigned(bytes: number): number {
    return this.take(bytes).readUIntLE(0, bytes);
  }

  signed32(): number {
    return this.take(4).readInt32LE(0);
  }

  double(): number {
    return this.take(8).readDoubleBE(0);
  }

  /** A length of 64 bits that fits into what is left. */
  wideLength(): number {
    const length = this.take(8).readBigUInt64LE(0);
    if (length > BigInt(this.end - this.position)) throw this.corrupt(`announces ${length} bytes`);
    return Number(length);
  }

  /** Two's complement, little-endian. */
  long(bytes: number): number | bigint {
    if (bytes > MAX_LONG_BYTES) throw this.corrupt(`has a number of ${bytes} bytes`);
    let value = 0n;
    this.take(bytes).forEach((byte, n) => (value |= BigInt(byte) << BigInt(8 * n)));
    value = BigInt.asIntN(8 * bytes, value);
    const isSafe = value >= -MAX_SAFE && value <= MAX_SAFE;
    return isSafe ? Number(value) : value;
  }

  text(bytes: number): string {
    if (bytes > this.maxStringBytes) throw this.corrupt(`has a text of ${bytes} bytes`);
    return this.take(bytes).toString('utf8');
  }

  /** Up to the end of the line. */
  line(): string {
    const bytes: number[] = [];
    for (let byte = this.byte(); byte !== NEWLINE; byte = this.byte()) {
      if (bytes.push(byte) > MAX_LINE_BYTES) throw this.corrupt('has a name without an end');
    }
    return Buffer.from(bytes).toString('utf8');
  }

  /** Passes over bytes and remembers where they are. */
  bytes(length: number): PickleBytes {
    const bytes = new PickleBytes(this.position, length);
    this.skip(length);
    return bytes;
  }

  corrupt(what: string): DomainError {
    return corrupt(this.label, `${what} at byte ${this.position}`);
  }

  private skip(length: number): void {
    if (length > this.end - this.position) throw this.corrupt(`breaks off: ${length} more bytes were expected`);
    if (this.at + length <= this.window.length) {
      this.at += length;
      return;
    }
    this.windowOffset = this.position + length;
    this.window = Buffer.alloc(0);
    this.at = 0;
  }

  /** The next bytes, until the next call. */
  private take(length: number): Buffer {
    if (this.at + length > this.window.length) {
      const left = this.end - this.position;
      if (length > left) throw this.corrupt(`breaks off: ${length} more bytes were expected`);
      this.windowOffset = this.position;
      this.window = this.file.read(this.windowOffset, Math.min(left, Math.max(length, WINDOW_BYTES)));
      this.at = 0;
    }
    this.at += length;
    return this.window.subarray(this.at - length, this.at);
  }
}

const WINDOW_BYTES = 64 * 1024;
const MAX_LONG_BYTES = 16;
const MAX_LINE_BYTES = 1024;
const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);
const NEWLINE = 10;
