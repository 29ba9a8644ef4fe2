import { createHash, randomUUID, type Hash } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { StorageEngine } from 'multer';
import { DomainError } from '@housestyle/domain';
import type { ObjectStore } from '@housestyle/object-store';
import type { AuthenticatedRequest } from '../access/caller.js';

/** A file part whose bytes are safe in the store. */
export interface StoredUpload {
  /** key in the upload store */
  readonly path: string;
  readonly sha256: string;
  readonly size: number;
  readonly originalname: string;
  readonly mimetype: string;
}

type File = Parameters<StorageEngine['_handleFile']>[1];
type Finish = Parameters<StorageEngine['_handleFile']>[2];

/**
 * Passes the parts of a multipart body on to the object store as they arrive, hashing on the way: no upload is ever
 * whole in memory. multer calls `_removeFile` for what it had stored of a request that fails later.
 */
export class UploadStorage implements StorageEngine {
  constructor(private readonly store: ObjectStore) {}

  _handleFile(request: AuthenticatedRequest, file: File, finish: Finish): void {
    this.receive(request, file).then(
      (stored) => finish(null, stored),
      (error: unknown) => finish(error),
    );
  }

  _removeFile(_request: AuthenticatedRequest, file: Express.Multer.File, done: (error: Error | null) => void): void {
    this.store.delete(file.path).then(
      () => done(null),
      (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
    );
  }

  private async receive(request: AuthenticatedRequest, file: File): Promise<Partial<Express.Multer.File>> {
    const tenantId = request.caller?.tenantId;
    if (!tenantId) throw new DomainError('unauthenticated', 'an upload needs a caller');
    const path = `${tenantId}/${randomUUID()}`;
    const sha256 = createHash('sha256');
    const counter = { bytes: 0 };
    try {
      await this.store.put(path, measured(file.stream, sha256, counter), { contentType: file.mimetype });
    } catch (cause) {
      if (cause instanceof DomainError && cause.code === 'payload_too_large') throw cause;
      // whatever keeps our own store from taking it (its disk, its permissions) is no fault of the sender's
      throw new DomainError('store_unavailable', 'the upload could not be kept', { cause });
    }
    return { path, size: counter.bytes, ...{ sha256: sha256.digest('hex') } };
  }
}

/** Throwing before the end keeps the store from ever showing a file that was cut at the size limit. */
async function* measured(stream: Readable, sha256: Hash, counter: { bytes: number }): AsyncIterable<Uint8Array> {
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    sha256.update(chunk);
    counter.bytes += chunk.length;
    yield chunk;
  }
  if ('truncated' in stream && stream.truncated === true) {
    throw new DomainError('payload_too_large', 'the file is over the size limit');
  }
}
