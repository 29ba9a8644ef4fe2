import { sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BucketMappingRepository } from '@housestyle/database';
import { DomainError, parseS3Uri, type S3Location, type TenantId } from '@housestyle/domain';
import type { FetchedImage, FetchOptions, ImageFetcher } from '@housestyle/imaging';

/** Where uploads lie: one tenant's under `<root><tenant>/`. */
export type UploadPlace = { readonly folder: string } | { readonly bucket: string; readonly keyRoot: string };

/**
 * Pictures as one tenant may read them. The fetcher reads buckets and folders with the installation's own rights, so
 * whose they are is asked here, each time a picture is read, whoever announced it: an `s3:` URI must lie in a bucket
 * and prefix that an administrator has mapped to the tenant (the longest prefix wins), and in the upload store only
 * the tenant's own part is open. Folders of FILE_ROOTS belong to all tenants.
 */
export class TenantSources {
  constructor(
    private readonly fetcher: Pick<ImageFetcher, 'fetch'>,
    private readonly bucketMappings: Pick<BucketMappingRepository, 'resolve'>,
    private readonly uploads: UploadPlace,
  ) {}

  /** @throws DomainError `uri_not_allowed` for what is another tenant's or nobody's, and all that the fetcher throws */
  async fetch(tenant: TenantId, uri: string, options: FetchOptions): Promise<FetchedImage> {
    // read as the fetcher reads it: a URL may hide its scheme behind spaces and line breaks
    const url = URL.canParse(uri) ? new URL(uri) : undefined;
    if (url?.protocol === 's3:') await this.assertOwnObject(tenant, parseS3Uri(uri));
    if (url?.protocol === 'file:') this.assertNoOthersUpload(tenant, url);
    return this.fetcher.fetch(uri, options);
  }

  private async assertOwnObject(tenant: TenantId, { bucket, key }: S3Location): Promise<void> {
    // some servers resolve these before they look: a prefix would mean nothing
    if (key.split('/').some((segment) => segment === '.' || segment === '..')) throw notOwn();
    if ('bucket' in this.uploads && bucket === this.uploads.bucket && key.startsWith(this.uploads.keyRoot)) {
      if (key.startsWith(`${this.uploads.keyRoot}${tenant}/`)) return;
      throw notOwn();
    }
    const [owner] = await this.bucketMappings.resolve([{ bucket, key }]);
    if (owner !== tenant) throw notOwn();
  }

  private assertNoOthersUpload(tenant: TenantId, uri: URL): void {
    if (!('folder' in this.uploads)) return;
    const path = pathOf(uri);
    const inside = `${this.uploads.folder}${sep}`;
    if (path.startsWith(inside) && !path.startsWith(`${inside}${tenant}${sep}`)) throw notOwn();
  }
}

const notOwn = (): DomainError =>
  new DomainError('uri_not_allowed', 'the bucket and prefix, or folder, are not mapped to this tenant');

function pathOf(uri: URL): string {
  try {
    return fileURLToPath(uri);
  } catch (cause) {
    throw new DomainError('uri_not_allowed', 'The file: URI names another host or no path', { cause });
  }
}
