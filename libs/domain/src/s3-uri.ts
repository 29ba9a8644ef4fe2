import { DomainError } from './domain-error.js';

/** One object in a bucket, at one version when the bucket keeps versions. */
export interface S3Location {
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string;
}

const BUCKET = /^[a-z0-9][a-z0-9._-]{1,62}$/i;
const MAX_KEY_BYTES = 1024;

/**
 * `s3://bucket/key?versionId=…`, each key segment percent-encoded, so that `?`, `#`, `%` and spaces in keys survive
 * the way through events, rows and back.
 */
export function formatS3Uri({ bucket, key, versionId }: S3Location): string {
  const path = key.split('/').map(encodeURIComponent).join('/');
  const query = versionId === undefined ? '' : `?versionId=${encodeURIComponent(versionId)}`;
  return `s3://${bucket}/${path}${query}`;
}

/** The reverse of `formatS3Uri`; throws `uri_not_allowed`. A space left unencoded by its sender is understood too. */
export function parseS3Uri(uri: string): S3Location {
  const match = /^s3:\/\/([^/?#]+)\/([^?#]+)(?:\?versionId=([^&#]+))?$/i.exec(uri);
  if (!match)
    throw new DomainError('uri_not_allowed', 'An S3 URI reads s3://bucket/key or s3://bucket/key?versionId=…');
  const [, bucket = '', key = '', versionId] = match;
  try {
    const location = {
      bucket,
      key: decodeURIComponent(key),
      ...(versionId === undefined ? {} : { versionId: decodeURIComponent(versionId) }),
    };
    if (!BUCKET.test(bucket) || new TextEncoder().encode(location.key).length > MAX_KEY_BYTES) throw new URIError();
    return location;
  } catch (cause) {
    throw new DomainError('uri_not_allowed', 'The S3 URI has a malformed bucket or key', { cause });
  }
}
