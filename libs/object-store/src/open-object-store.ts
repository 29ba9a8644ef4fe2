import { fileURLToPath } from 'node:url';

import { DomainError } from '@housestyle/domain';

import { FileObjectStore } from './file-object-store.js';
import type { ObjectStore } from './object-store.js';
import type { S3ConnectionSettings } from './s3-connection.js';
import { S3ObjectStore } from './s3-object-store.js';

/** The store at `file:///folder`, a plain path, or `s3://bucket/prefix`; throws `invalid_settings` for anything else. */
export function openObjectStore(location: string, s3: S3ConnectionSettings = {}): ObjectStore {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(location)?.[1]?.toLowerCase();
  try {
    if (scheme === undefined && location !== '') return new FileObjectStore(location);
    if (scheme === 'file') return new FileObjectStore(fileURLToPath(location));
  } catch (cause) {
    throw new DomainError('invalid_settings', `Not a folder's URI: ${location}`, { cause });
  }
  const bucketAndPrefix = /^s3:\/\/([^/?#]+)\/?([^?#]*)$/i.exec(location);
  if (bucketAndPrefix === null) {
    throw new DomainError('invalid_settings', `Not an object store's location: ${JSON.stringify(location)}`);
  }
  const [, bucket = '', prefix = ''] = bucketAndPrefix;
  return new S3ObjectStore({ ...s3, bucket, prefix });
}
