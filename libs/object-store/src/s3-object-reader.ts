import type { Readable } from 'node:stream';

import { DomainError, formatS3Uri } from '@housestyle/domain';

import type { StoredObject } from './object-store.js';
import { S3Connection } from './s3-connection.js';

/** Reads any object of any bucket its credentials reach, under whatever key its owner gave it. */
export class S3ObjectReader {
  constructor(private readonly connection: S3Connection = new S3Connection()) {}

  async open(
    bucket: string,
    key: string,
    options: { readonly versionId?: string; readonly signal?: AbortSignal } = {},
  ): Promise<StoredObject> {
    const { versionId, signal } = options;
    const what = formatS3Uri({ bucket, key, ...(versionId === undefined ? {} : { versionId }) });
    return this.connection.call(what, async (client, { GetObjectCommand }) => {
      const command = new GetObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId });
      const { Body, ContentLength } = await client.send(command, signal === undefined ? {} : { abortSignal: signal });
      if (Body === undefined || ContentLength === undefined) {
        throw new DomainError('store_unavailable', `The bucket's server sent no body or length for ${what}`);
      }
      return { stream: Body as Readable, size: ContentLength };
    });
  }
}
