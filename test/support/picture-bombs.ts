import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';

/**
 * Small files that promise, or unfold to, far more than they are. Made by hand from their formats' parts, so that nothing
 * of what they promise is ever allocated here.
 */
const be = (bytes: number, value: number): Buffer => {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntBE(value, 0, bytes);
  return buffer;
};
const le = (bytes: number, value: number): Buffer => {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntLE(value, 0, bytes);
  return buffer;
};
const zeros = (bytes: number): Buffer => deflateSync(Buffer.alloc(bytes), { level: 9 });
const red = { create: { width: 16, height: 16, channels: 3, background: 'red' } } as const;

const pngChunk = (type: string, data: Buffer): Buffer => {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  return Buffer.concat([be(4, data.length), body, be(4, crc32(body))]);
};

interface PngParts {
  readonly depth?: number;
  readonly type?: number;
  readonly chunks?: readonly Buffer[];
  readonly data?: Buffer;
}

/** A PNG of these promises; its one pixel is there if it promises no more than one. */
export function png(width: number, height: number, parts: PngParts = {}): Buffer {
  const { depth = 8, type = 2, chunks = [], data = deflateSync(Buffer.alloc(8)) } = parts;
  const header = Buffer.concat([be(4, width), be(4, height), Buffer.from([depth, type, 0, 0, 0])]);
  const [start, end] = [pngChunk('IHDR', header), pngChunk('IEND', Buffer.alloc(0))];
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), start, ...chunks, pngChunk('IDAT', data), end]);
}

/** Text and colour profiles are packed: a megabyte of them unfolds to a gigabyte. */
export const packedChunk = (type: 'iCCP' | 'zTXt', bytes: number): Buffer =>
  pngChunk(type, Buffer.concat([Buffer.from('name\0\0', 'latin1'), zeros(bytes)]));

/** A JPEG whose frame header says this size. */
export async function jpeg(width: number, height: number): Promise<Buffer> {
  const bytes = await sharp(red).jpeg().toBuffer();
  for (let at = 2; at < bytes.length; at += 2 + bytes.readUInt16BE(at + 2)) {
    if (bytes[at + 1] !== 0xc0) continue;
    bytes.writeUInt16BE(height, at + 5);
    bytes.writeUInt16BE(width, at + 7);
    return bytes;
  }
  throw new Error('a JPEG without a frame header');
}

/** A JPEG with this EXIF block, `times` over. */
export async function jpegWithExif(exif: Buffer, times = 1): Promise<Buffer> {
  const bytes = await sharp(red).jpeg().toBuffer();
  const body = Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), exif]);
  const segment = Buffer.concat([Buffer.from([0xff, 0xe1]), be(2, body.length + 2), body]);
  return Buffer.concat([bytes.subarray(0, 2), ...Array.from({ length: times }, () => segment), bytes.subarray(2)]);
}

/** An EXIF block whose directory has 65,535 entries, says that its values are 4 GB long, and comes after itself. */
export const endlessExif = (): Buffer => {
  const entry = Buffer.concat([le(2, 0x0112), le(2, 2), le(4, 0xffffffff), le(4, 8)]);
  return Buffer.concat([Buffer.from('II*\0', 'latin1'), le(4, 8), le(2, 65_535), entry, entry, le(4, 8)]);
};

/** A GIF of `frames` frames, each as large as it says. */
export function gif(width: number, height: number, frames: number): Buffer {
  const head = Buffer.concat([Buffer.from('GIF89a'), le(2, width), le(2, height), Buffer.from([0x80, 0, 0])]);
  const place = Buffer.concat([Buffer.from([0x2c, 0, 0, 0, 0]), le(2, width), le(2, height), Buffer.from([0])]);
  const frame = Buffer.concat([Buffer.from([0x21, 0xf9, 4, 0, 1, 0, 0, 0]), place, Buffer.from([2, 2, 0x44, 1, 0])]);
  const colours = Buffer.from([0, 0, 0, 255, 255, 255]);
  return Buffer.concat([head, colours, ...Array.from({ length: frames }, () => frame), Buffer.from([0x3b])]);
}

const webpChunk = (type: string, data: Buffer): Buffer =>
  Buffer.concat([Buffer.from(type), le(4, data.length), data, Buffer.alloc(data.length % 2)]);

/** An animated WebP with a canvas of this size and `frames` frames of one pixel. */
export async function webp(width: number, height: number, frames: number): Promise<Buffer> {
  const pixel = (
    await sharp({ create: { ...red.create, width: 1, height: 1 } })
      .webp({ lossless: true })
      .toBuffer()
  ).subarray(12);
  const canvas = Buffer.concat([Buffer.from([2, 0, 0, 0]), le(3, width - 1), le(3, height - 1)]);
  const frame = webpChunk('ANMF', Buffer.concat([Buffer.alloc(12), le(3, 100), Buffer.from([0]), pixel]));
  const chunks = Array.from({ length: frames }, () => frame);
  const body = Buffer.concat([
    ...[Buffer.from('WEBP'), webpChunk('VP8X', canvas), webpChunk('ANIM', Buffer.alloc(6))],
    ...chunks,
  ]);
  return Buffer.concat([Buffer.from('RIFF'), le(4, body.length), body]);
}

const TAGS = 9;

interface TiffParts {
  readonly pages?: number;
  readonly channels?: number;
  readonly isEndless?: boolean;
}

/** A TIFF of `pages` pages of this size; with `isEndless` the last is followed by the first. */
export function tiff(width: number, height: number, parts: TiffParts = {}): Buffer {
  const { pages = 1, channels = 3, isEndless = false } = parts;
  const numbers: Readonly<Record<number, number>> = {
    256: width,
    257: height,
    258: 8,
    259: 1,
    262: 2,
    273: 8 + pages * (2 + TAGS * 12 + 4),
    277: channels,
    278: height,
    279: 64,
  };
  const entries = Object.entries(numbers).map(([tag, value]) =>
    Buffer.concat([le(2, Number(tag)), le(2, 4), le(4, 1), le(4, value)]),
  );
  const size = 2 + TAGS * 12 + 4;
  const page = (next: number): Buffer => Buffer.concat([le(2, TAGS), ...entries, le(4, next)]);
  const all = Array.from({ length: pages }, (_, n) => page(n + 1 < pages ? 8 + (n + 1) * size : isEndless ? 8 : 0));
  return Buffer.concat([Buffer.from('II*\0', 'latin1'), le(4, 8), ...all, Buffer.alloc(64)]);
}

/** An AVIF whose image is said to be of this size. */
export async function avif(width: number, height: number): Promise<Buffer> {
  const bytes = await sharp(red).avif().toBuffer();
  const at = bytes.indexOf('ispe') + 8;
  bytes.writeUInt32BE(width, at);
  bytes.writeUInt32BE(height, at + 4);
  return bytes;
}
