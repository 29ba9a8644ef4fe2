import type { Readable } from 'node:stream';

/** An object's bytes on their way; whoever gets it reads the stream to its end or destroys it. */
export interface StoredObject {
  readonly stream: Readable;
  /** bytes the stream will deliver */
  readonly size: number;
}

export interface PutOptions {
  readonly contentType?: string;
}

/**
 * Bytes by key, in a folder or a bucket. Every method throws a DomainError: `invalid_request` for a key that is not
 * one (see `assertObjectKey`), `not_found`, `forbidden`, and `store_unavailable` (worth a retry) for the rest.
 */
export interface ObjectStore {
  /** Whole or not at all: readers see the previous object until the last byte is safe. Overwrites. */
  put(key: string, body: Uint8Array | AsyncIterable<Uint8Array>, options?: PutOptions): Promise<void>;
  get(key: string): Promise<StoredObject>;
  /** The whole object in memory; `source_too_large` if it is over `maxBytes`, found out before reading it. */
  read(key: string, options: { readonly maxBytes: number }): Promise<Buffer>;
  exists(key: string): Promise<boolean>;
  /** Deleting what is not there is no error. */
  delete(key: string): Promise<void>;
  /** The object's address as events and asset rows carry it: `file:///…` or `s3://bucket/…`. */
  uriOf(key: string): string;
}
