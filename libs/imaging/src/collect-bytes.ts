import { DomainError } from '@housestyle/domain';

import { enlargeInSlices } from './in-slices.js';

/** where nothing is announced */
const FIRST_BYTES = 64 * 1024;

/**
 * A body in memory, refused with `source_too_large` as soon as it is over `maxBytes`, whatever it announced. Each chunk
 * is copied as it comes: it may be one byte of a large receive buffer, which it would keep for as long as it is kept.
 */
export async function collectBytes(
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
  announcedBytes = NaN,
): Promise<Buffer> {
  const firstBytes = announcedBytes <= maxBytes ? announcedBytes : Math.min(FIRST_BYTES, maxBytes);
  let bytes: Buffer = Buffer.allocUnsafeSlow(firstBytes);
  let length = 0;
  for await (const chunk of body) {
    const end = length + chunk.length;
    if (end > maxBytes) throw tooLarge(maxBytes);
    if (end > bytes.length) {
      bytes = await enlargeInSlices(bytes.subarray(0, length), Math.min(Math.max(2 * bytes.length, end), maxBytes));
    }
    bytes.set(chunk, length);
    length = end;
  }
  return bytes.subarray(0, length);
}

export const tooLarge = (maxBytes: number): DomainError =>
  new DomainError('source_too_large', `The picture has more than ${maxBytes} bytes`);
