import { isStorable } from '@housestyle/contracts';
import type { TenantId } from '@housestyle/domain';
import type { Database } from './database.js';

export interface BucketObject {
  readonly bucket: string;
  readonly key: string;
}

export class BucketMappingRepository {
  constructor(private readonly database: Database) {}

  /** Whose objects these are, in their order; undefined where no mapping matches. The longest prefix wins. */
  async resolve(objects: readonly BucketObject[]): Promise<(TenantId | undefined)[]> {
    const records = objects.map(({ bucket, key }, position) => ({ position, bucket, key }));
    const askable = records.filter(isStorable);
    const rows = await this.database.acrossTenants(
      (tables) => tables.$queryRaw<{ position: number; tenant_id: TenantId }[]>`
      SELECT DISTINCT ON (position) position, mapping.tenant_id
      FROM jsonb_to_recordset(${JSON.stringify(askable)}::jsonb) AS object(position int, bucket text, key text)
      JOIN bucket_mapping mapping ON mapping.bucket = object.bucket AND starts_with(object.key, mapping.prefix)
      ORDER BY position, length(mapping.prefix) DESC`,
    );
    const owners = new Map(rows.map(({ position, tenant_id }) => [position, tenant_id]));
    return objects.map((_, position) => owners.get(position));
  }
}
