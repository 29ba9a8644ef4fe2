import { DomainError } from '@housestyle/domain';

import { concatInSlices } from './in-slices.js';

/** A body in memory, refused with `source_too_large` as soon as it is over `maxBytes`, whatever it announced. */
export async function collectBytes(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  const [only] = chunks;
  if (chunks.length === 1 && Buffer.isBuffer(only)) return only;
  return concatInSlices(chunks, length);
}

export const tooLarge = (maxBytes: number): DomainError =>
  new DomainError('source_too_large', `The picture has more than ${maxBytes} bytes`);
