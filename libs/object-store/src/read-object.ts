import { DomainError } from '@housestyle/domain';

import type { StoredObject } from './object-store.js';

/** Collects an object of at most `maxBytes`; a stream that delivers more or less than it announced is refused. */
export async function readObject({ stream, size }: StoredObject, maxBytes: number): Promise<Buffer> {
  if (size > maxBytes) {
    stream.destroy();
    throw new DomainError('source_too_large', `The object has ${size} bytes, ${maxBytes} are allowed`);
  }
  const bytes = Buffer.allocUnsafe(size);
  let length = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    if (length + chunk.length > size) throw changedWhileRead();
    bytes.set(chunk, length);
    length += chunk.length;
  }
  if (length !== size) throw changedWhileRead();
  return bytes;
}

const changedWhileRead = (): DomainError =>
  new DomainError('store_unavailable', 'The object changed or broke off while it was read');
