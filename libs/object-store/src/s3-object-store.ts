import { formatS3Uri } from '@housestyle/domain';

import { assertObjectKey } from './object-key.js';
import type { ObjectStore, PutOptions, StoredObject } from './object-store.js';
import { readObject } from './read-object.js';
import { S3Connection, type S3ConnectionSettings } from './s3-connection.js';
import { S3ObjectReader } from './s3-object-reader.js';
import { uploadToS3 } from './s3-upload.js';

export interface S3ObjectStoreSettings extends S3ConnectionSettings {
  readonly bucket: string;
  /** put before every key, with a `/` between; none by default */
  readonly prefix?: string;
}

/** Objects in a bucket, under a prefix. */
export class S3ObjectStore implements ObjectStore {
  private readonly connection: S3Connection;
  private readonly reader: S3ObjectReader;
  private readonly bucket: string;
  private readonly prefix: string;

  constructor({ bucket, prefix = '', ...connection }: S3ObjectStoreSettings) {
    this.prefix = prefix.replace(/^\/+|\/+$/g, '');
    if (this.prefix !== '') assertObjectKey(this.prefix);
    this.bucket = bucket;
    this.connection = new S3Connection(connection);
    this.reader = new S3ObjectReader(this.connection);
  }

  async put(key: string, body: Uint8Array | AsyncIterable<Uint8Array>, options: PutOptions = {}): Promise<void> {
    const target = { Bucket: this.bucket, Key: this.keyOf(key), ContentType: options.contentType };
    await this.connection.call(this.uriOf(key), (client, sdk) => uploadToS3(client, sdk, target, body));
  }

  async get(key: string): Promise<StoredObject> {
    return this.reader.open(this.bucket, this.keyOf(key));
  }

  async read(key: string, { maxBytes }: { readonly maxBytes: number }): Promise<Buffer> {
    return this.connection.call(this.uriOf(key), async () => readObject(await this.get(key), maxBytes));
  }

  async exists(key: string): Promise<boolean> {
    const target = { Bucket: this.bucket, Key: this.keyOf(key) };
    return this.connection.call(this.uriOf(key), async (client, { HeadObjectCommand, S3ServiceException }) => {
      try {
        await client.send(new HeadObjectCommand(target));
        return true;
      } catch (error) {
        if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404) return false;
        throw error;
      }
    });
  }

  async delete(key: string): Promise<void> {
    const target = { Bucket: this.bucket, Key: this.keyOf(key) };
    await this.connection.call(this.uriOf(key), (client, { DeleteObjectCommand }) =>
      client.send(new DeleteObjectCommand(target)),
    );
  }

  uriOf(key: string): string {
    return formatS3Uri({ bucket: this.bucket, key: this.keyOf(key) });
  }

  async close(): Promise<void> {
    await this.connection.close();
  }

  private keyOf(key: string): string {
    assertObjectKey(key);
    return this.prefix === '' ? key : `${this.prefix}/${key}`;
  }
}
