import type { ObjectStore } from '@housestyle/object-store';
import { parseS3Uri, type S3Location, type TenantId } from '@housestyle/domain';

const PROBE = 'x';

/** Where uploaded bytes lie, and which URIs lead there. */
export class UploadLocation {
  /** every URI into the store starts so */
  private readonly root: string;

  constructor(readonly store: ObjectStore) {
    this.root = store.uriOf(PROBE).slice(0, -PROBE.length);
  }

  /** Whether `uri` is one that we gave to an upload of this tenant. */
  isUpload(tenant: TenantId, uri: string): boolean {
    return uri.startsWith(`${this.root}${tenant}/`);
  }

  /** Whether this object lies in the store: nobody announces another tenant's upload. */
  holds({ bucket, key }: S3Location): boolean {
    if (!this.root.startsWith('s3:')) return false;
    const own = parseS3Uri(`${this.root}${PROBE}`);
    return bucket.toLowerCase() === own.bucket.toLowerCase() && key.startsWith(own.key.slice(0, -PROBE.length));
  }
}
