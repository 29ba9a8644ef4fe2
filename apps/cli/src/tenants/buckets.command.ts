import { mapBuckets, type BucketMapping } from '@housestyle/database';
import { DomainError, tenantId } from '@housestyle/domain';
import { readAdministrationSettings } from '@housestyle/settings';
import { EXIT_OK, type Terminal } from '../terminal.js';

export interface BucketOptions {
  /** `bucket` or `bucket/prefix` */
  readonly unmap: readonly string[];
  readonly json: boolean;
}

/** Maps `locations` to a tenant, and shows all that is mapped to it then. @returns the exit code */
export async function mapTenantBuckets(
  tenant: string,
  locations: readonly string[],
  { unmap, json }: BucketOptions,
  terminal: Terminal,
): Promise<number> {
  const { DATABASE_URL } = readAdministrationSettings();
  const change = { mapped: locations.map(toBucketMapping), unmapped: unmap.map(toBucketMapping) };
  const mappings = await mapBuckets(DATABASE_URL, tenantId(tenant), change);
  for (const mapping of mappings) {
    terminal.print(json ? JSON.stringify(mapping) : `s3://${mapping.bucket}/${mapping.prefix}`);
  }
  if (mappings.length === 0 && !json) terminal.print('no bucket is mapped to it');
  return EXIT_OK;
}

/** @throws DomainError `invalid_request` where no bucket is named, as in a URI */
export function toBucketMapping(location: string): BucketMapping {
  const [bucket = '', ...prefix] = location.split('/');
  if (BUCKET.test(bucket)) return { bucket, prefix: prefix.join('/') };
  throw new DomainError('invalid_request', `${location}: give bucket or bucket/prefix`);
}

const BUCKET = /^[^\s:]+$/;
