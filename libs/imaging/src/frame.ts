/**
 * What a decoding process and its parent exchange: a few fields as JSON, then raw bytes.
 *
 *     u32 length of the JSON | u32 length of the bytes | JSON | bytes        (little-endian)
 */
export interface Frame {
  readonly fields: unknown;
  readonly bytes: Buffer;
}

const PREFIX_BYTES = 8;
const MAX_FIELDS_BYTES = 16_384;

/** A frame's head; its bytes, `byteLength` of them, follow as they are. */
export function frameHead(fields: unknown, byteLength: number): Buffer {
  const json = Buffer.from(JSON.stringify(fields));
  const head = Buffer.allocUnsafe(PREFIX_BYTES + json.length);
  head.writeUInt32LE(json.length, 0);
  head.writeUInt32LE(byteLength, 4);
  json.copy(head, PREFIX_BYTES);
  return head;
}

/** Puts frames together from the chunks of a stream; each byte is copied once, to where it stays. */
export class FrameReader {
  private readonly prefix = Buffer.alloc(PREFIX_BYTES);
  private fields: Buffer | undefined;
  private bytes: Buffer | undefined;
  /** what is being filled, and how far it is */
  private target: Buffer = this.prefix;
  private filled = 0;

  constructor(
    private readonly maxBytes: number,
    private readonly onFrame: (frame: Frame) => void,
  ) {}

  /** @throws Error when what comes is no frame, or one with more than `maxBytes` */
  push(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0) {
      const taken = rest.copy(this.target, this.filled);
      this.filled += taken;
      rest = rest.subarray(taken);
      while (this.filled === this.target.length && this.advance());
    }
  }

  /** @returns whether there is something to fill that may be full already, having no length */
  private advance(): boolean {
    this.filled = 0;
    if (!this.fields) {
      const [fieldsLength, byteLength] = [this.prefix.readUInt32LE(0), this.prefix.readUInt32LE(4)];
      if (fieldsLength === 0 || fieldsLength > MAX_FIELDS_BYTES || byteLength > this.maxBytes) {
        throw new Error('not a frame, or one that is too long');
      }
      this.fields = this.target = Buffer.alloc(fieldsLength);
      this.bytes = Buffer.allocUnsafeSlow(byteLength);
      return false;
    }
    if (this.target === this.fields) {
      this.target = this.bytes!;
      return true;
    }
    const frame = { fields: JSON.parse(this.fields.toString()) as unknown, bytes: this.bytes! };
    this.fields = this.bytes = undefined;
    this.target = this.prefix;
    this.onFrame(frame);
    return false;
  }
}
