import { parseS3Uri } from '@housestyle/domain';
import { ImageFetcher, type OutboundRules } from '@housestyle/imaging';
import { openObjectStore, S3Connection, S3ObjectReader } from '@housestyle/object-store';
import type { PipelineSettings } from '@housestyle/settings';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { UploadPlace } from './tenant-sources.js';

const MAX_REDIRECTS = 5;
const WEB_PORTS = [80, 443];
const PROBE = 'x';

/** A fetcher that reaches what the settings list, and the upload store. */
export function openPictureSources(settings: PipelineSettings): ImageFetcher {
  const upload = uploadStorePlace(settings.UPLOAD_STORE);
  const { S3_ENDPOINT: endpoint, S3_REGION: region } = settings;
  const connection = new S3Connection({ ...(endpoint && { endpoint }), ...(region && { region }) });
  return new ImageFetcher({
    allowedFileRoots: [...settings.FILE_ROOTS.map((root) => path.resolve(root)), ...upload.roots],
    allowedBuckets: [...settings.S3_BUCKETS, ...upload.buckets],
    allowedSchemes: settings.FETCH_SCHEMES,
    ...outboundRules(settings),
    maxBytes: settings.FETCH_MAX_BYTES,
    timeoutMs: settings.FETCH_TIMEOUT_MS,
    maxRedirects: MAX_REDIRECTS,
    s3: new S3ObjectReader(connection),
  });
}

/** Where pictures may come from over HTTP, and where webhooks may go. */
export function outboundRules(settings: PipelineSettings): OutboundRules & { isPrivateAddressAllowed: boolean } {
  const isPrivateAddressAllowed = settings.ALLOW_PRIVATE_ADDRESSES;
  const allowedPorts = settings.FETCH_PORTS ?? (isPrivateAddressAllowed ? undefined : WEB_PORTS);
  return {
    isPrivateAddressAllowed,
    allowedNetworks: settings.FETCH_ALLOWED_NETWORKS,
    deniedNetworks: settings.FETCH_DENIED_NETWORKS,
    ...(allowedPorts && { allowedPorts }),
  };
}

/** Where the api puts uploads: as `uploadStorePlace`, to the key. */
export function uploadPlace(location: string): UploadPlace {
  const root = openObjectStore(location).uriOf(PROBE).slice(0, -PROBE.length);
  if (root.startsWith('file:')) return { folder: path.resolve(fileURLToPath(root)) };
  const { bucket, key } = parseS3Uri(`${root}${PROBE}`);
  return { bucket, keyRoot: key.slice(0, -PROBE.length) };
}

/** The folder or the bucket that uploaded pictures lie in. */
export function uploadStorePlace(location: string): { roots: string[]; buckets: string[] } {
  const bucket = /^s3:\/\/([^/?#]+)/i.exec(location)?.[1];
  if (bucket !== undefined) return { roots: [], buckets: [bucket] };
  return { roots: [/^file:/i.test(location) ? fileURLToPath(location) : path.resolve(location)], buckets: [] };
}
