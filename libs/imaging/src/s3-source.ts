import type { Readable } from 'node:stream';

import { DomainError, parseS3Uri, toDomainError, type ErrorCode } from '@housestyle/domain';

import { collectBytes, tooLarge } from './collect-bytes.js';

/** What an app lends the fetcher so that it reads buckets without knowing how; `S3ObjectReader` of the object store fits. */
export interface S3SourceReader {
  open(
    bucket: string,
    key: string,
    options: { readonly versionId?: string; readonly signal?: AbortSignal },
  ): Promise<{ readonly stream: Readable; readonly size: number }>;
}

/** Reads an `s3:` URI; without a reader, or outside `allowedBuckets` when these are given, there are none. */
export async function readS3Source(
  uri: string,
  source: { readonly reader?: S3SourceReader; readonly allowedBuckets?: readonly string[] },
  maxBytes: number,
  signal: AbortSignal,
): Promise<Buffer> {
  const { bucket, key, versionId } = parseS3Uri(uri);
  if (source.reader === undefined || source.allowedBuckets?.includes(bucket) === false) {
    throw new DomainError('uri_not_allowed', 's3: URIs of this bucket are not allowed');
  }
  try {
    const options = versionId === undefined ? { signal } : { versionId, signal };
    const { stream, size } = await source.reader.open(bucket, key, options);
    const abort = (): void => void stream.destroy(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    try {
      if (size > maxBytes) throw tooLarge(maxBytes);
      return await collectBytes(stream as AsyncIterable<Buffer>, maxBytes, size);
    } finally {
      signal.removeEventListener('abort', abort);
      stream.destroy();
    }
  } catch (error) {
    const { code, message } = toDomainError(error);
    throw new DomainError(SOURCE_CODES[code] ?? 'source_unavailable', message, { cause: error });
  }
}

/**
 * A store speaks of objects, an asset of its source. What a bucket forbids it forbids us, by its policy or for our
 * credentials: no picture's fault. So it is tried again as if nobody had answered, and redriven with what had none.
 */
const SOURCE_CODES: Partial<Record<ErrorCode, ErrorCode>> = {
  not_found: 'source_not_found',
  source_too_large: 'source_too_large',
};
