import { DomainError } from '@housestyle/domain';
import type { Metadata, SharpOptions } from 'sharp';

import { decoder } from './decoder.js';
import { hasMoreFrames } from './frame-count.js';
import { isSrgbProfile } from './icc-profile.js';
import { detectImageFormat } from './image-format.js';
import { shrunkSize, type ShrinkFor, type Size } from './shrink-on-load.js';

/** A picture as its viewer sees it: upright, opaque, 8-bit sRGB. */
export interface DecodedImage {
  /** [height, width, 3], row by row */
  readonly rgb: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** of the picture as it is stored, where it was decoded at a smaller size */
  readonly whole?: Size;
}

export interface DecodeOptions {
  readonly maxPixels?: number;
  /**
   * JPEG and WebP pictures that are several times as large as this takes are decoded at a fraction of their size, which
   * is cheaper and changes values a little: see docs/performance.md. Absent: as Pillow would, value by value.
   */
  readonly shrinkFor?: ShrinkFor | undefined;
}

export const DEFAULT_MAX_PIXELS = 100_000_000;
/** CMYK has one more */
const MAX_CHANNELS = 4;
/** only the first is decoded, but all are looked for */
const MAX_FRAMES = 10_000;

/**
 * Decodes JPEG, PNG, WebP, GIF (first frame), TIFF (first page) and AVIF; the format is told from the bytes. EXIF
 * orientation is applied, transparency laid on white, 16 bits scaled to 8, grey and CMYK made RGB. Colours follow the
 * embedded profile, unless it says sRGB: then (as without one) the stored values are taken as they are.
 *
 * Throws `empty_image`, `unsupported_format` and `too_many_pixels` (told from the header, before decoding),
 * `decode_out_of_memory`, `internal` where the system is short of threads or files, or `corrupt_image`, which a truncated
 * file is too.
 */
export async function decodeImage(
  bytes: Uint8Array,
  { maxPixels = DEFAULT_MAX_PIXELS, shrinkFor }: DecodeOptions = {},
): Promise<DecodedImage> {
  if (bytes.byteLength === 0) throw new DomainError('empty_image', 'The file has no bytes');
  const format = detectImageFormat(bytes);
  if (format === undefined) {
    throw new DomainError('unsupported_format', 'The file is not a JPEG, PNG, WebP, GIF, TIFF or AVIF picture');
  }
  if (hasMoreFrames(bytes, format, MAX_FRAMES)) throw tooManyFrames();
  try {
    const header = await decoder(bytes, { limitInputPixels: false }).metadata();
    checkHeader(header, maxPixels);
    const ignoreIcc = header.space !== 'cmyk' && header.icc !== undefined && isSrgbProfile(header.icc);
    const options: SharpOptions = { failOn: 'error', limitInputPixels: maxPixels, ignoreIcc };
    const shrunk = shrinkFor && shrunkSize(format, header, shrinkFor);
    const picture = decoder(bytes, options).autoOrient();
    if (shrunk) picture.resize({ ...shrunk, fit: 'fill', kernel: 'cubic' });
    const { data, info } = await picture
      .flatten({ background: '#ffffff' })
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    if (Number(channels) !== 3) throw new DomainError('corrupt_image', `The picture has ${channels} channels`);
    return { rgb: data, width, height, ...(shrunk && { whole: header.autoOrient }) };
  } catch (error) {
    throw toImageError(error);
  }
}

/** What the header promises is refused before anything is decoded. */
function checkHeader(header: Metadata, maxPixels: number): void {
  const { format, compression, width, height, channels, pages, space } = header;
  if (format === 'heif' && compression !== 'av1') {
    throw new DomainError('unsupported_format', `HEIF pictures with ${compression} compression are not decoded`);
  }
  if (width * height > maxPixels) {
    throw new DomainError('too_many_pixels', `${width} × ${height} pixels are more than ${maxPixels}`);
  }
  const maxChannels = space === 'cmyk' ? MAX_CHANNELS + 1 : MAX_CHANNELS;
  if (Number(channels) > maxChannels) {
    throw new DomainError('unsupported_format', `${channels} channels are more than ${maxChannels}`);
  }
  if ((pages ?? 1) > MAX_FRAMES) throw tooManyFrames();
}

const tooManyFrames = (): DomainError =>
  new DomainError('unsupported_format', `The picture has more than ${MAX_FRAMES} frames`);

/** The system has no thread, process or file left: no fault of the picture, which may be decoded another time. */
export const isShortage = (message: string): boolean =>
  /creating thread|resource temporarily unavailable|too many open files/i.test(message);

function toImageError(error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const shortage = message.split('\n').find(isShortage);
  if (shortage !== undefined) return new DomainError('internal', shortage, { cause: error });
  if (/(out of|insufficient|not enough|cannot allocate) memory|memory allocation|bad_alloc/i.test(message)) {
    return new DomainError('decode_out_of_memory', 'The picture needs too much memory to decode', { cause: error });
  }
  if (/maximum supported image dimension/i.test(message)) {
    return new DomainError('too_many_pixels', 'The picture is larger than its format’s decoder takes', {
      cause: error,
    });
  }
  // the signature was right, so an unrecognised file is a damaged one; a known container may hold an unknown codec
  const isUnknownCodec =
    /unsupported (codec|compression|feature)|not supported|channel limit|samples out of range/i.test(message);
  const code = isUnknownCodec ? 'unsupported_format' : 'corrupt_image';
  return new DomainError(code, message.split('\n').at(-1) ?? message, { cause: error });
}
