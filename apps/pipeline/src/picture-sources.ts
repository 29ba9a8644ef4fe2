import { ImageFetcher } from '@housestyle/imaging';
import { S3Connection, S3ObjectReader } from '@housestyle/object-store';
import type { PipelineSettings } from '@housestyle/settings';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const MAX_REDIRECTS = 5;

/** A fetcher that reaches what the settings list, and the upload store. */
export function openPictureSources(settings: PipelineSettings): ImageFetcher {
  const upload = uploadStorePlace(settings.UPLOAD_STORE);
  const { S3_ENDPOINT: endpoint, S3_REGION: region } = settings;
  const connection = new S3Connection({ ...(endpoint && { endpoint }), ...(region && { region }) });
  return new ImageFetcher({
    allowedFileRoots: [...settings.FILE_ROOTS.map((root) => path.resolve(root)), ...upload.roots],
    allowedBuckets: [...settings.S3_BUCKETS, ...upload.buckets],
    isPrivateAddressAllowed: settings.ALLOW_PRIVATE_ADDRESSES,
    maxBytes: settings.FETCH_MAX_BYTES,
    timeoutMs: settings.FETCH_TIMEOUT_MS,
    maxRedirects: MAX_REDIRECTS,
    s3: new S3ObjectReader(connection),
  });
}

/** The folder or the bucket that uploaded pictures lie in. */
export function uploadStorePlace(location: string): { roots: string[]; buckets: string[] } {
  const bucket = /^s3:\/\/([^/?#]+)/i.exec(location)?.[1];
  if (bucket !== undefined) return { roots: [], buckets: [bucket] };
  return { roots: [/^file:/i.test(location) ? fileURLToPath(location) : path.resolve(location)], buckets: [] };
}
