import { DomainError } from '@housestyle/domain';

import type * as S3Sdk from '@aws-sdk/client-s3';

/** Where the bucket's server is; without an endpoint it is AWS. Credentials come from the SDK's own chain unless given. */
export interface S3ConnectionSettings {
  readonly endpoint?: string;
  readonly region?: string;
  /** `endpoint/bucket/key` in place of `bucket.endpoint/key`: what MinIO and most others want */
  readonly forcePathStyle?: boolean;
  /** how long the server may say nothing, before its answer or inside it; 30 s by default */
  readonly silenceMs?: number;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

const CONNECTION_TIMEOUT_MS = 5_000;
const SILENCE_MS = 30_000;

/** One S3 client, made (and its large SDK loaded) with the first call: a store of plain files never pays for it. */
export class S3Connection {
  private opened?: Promise<{ sdk: typeof S3Sdk; client: S3Sdk.S3Client }>;

  constructor(private readonly settings: S3ConnectionSettings = {}) {}

  /** Runs one call; whatever the SDK throws becomes a DomainError naming `what`. */
  async call<T>(what: string, work: (client: S3Sdk.S3Client, sdk: typeof S3Sdk) => Promise<T>): Promise<T> {
    try {
      const { sdk, client } = await (this.opened ??= openClient(this.settings));
      return await work(client, sdk);
    } catch (error) {
      throw toStoreError(error, what);
    }
  }

  async close(): Promise<void> {
    (await this.opened)?.client.destroy();
  }
}

async function openClient(settings: S3ConnectionSettings): Promise<{ sdk: typeof S3Sdk; client: S3Sdk.S3Client }> {
  const sdk = await import('@aws-sdk/client-s3');
  const {
    endpoint,
    region = 'us-east-1',
    forcePathStyle = endpoint !== undefined,
    silenceMs = SILENCE_MS,
    credentials,
  } = settings;
  const client = new sdk.S3Client({
    region,
    forcePathStyle,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
    // the SDK's newer default checksums are refused by a good part of the S3-compatible servers
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: CONNECTION_TIMEOUT_MS, socketTimeout: silenceMs },
  });
  return { sdk, client };
}

function toStoreError(error: unknown, what: string): DomainError {
  if (error instanceof DomainError) return error;
  const { name, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
  const status = $metadata?.httpStatusCode;
  if (status === 404 || name === 'NoSuchKey' || name === 'NoSuchBucket' || name === 'NotFound') {
    return new DomainError('not_found', `No ${what}`, { cause: error });
  }
  if (status === 401 || status === 403) {
    return new DomainError('forbidden', `The bucket's server forbids ${what}`, { cause: error });
  }
  return new DomainError('store_unavailable', `The bucket's server did not answer for ${what} (${name})`, {
    cause: error,
  });
}
