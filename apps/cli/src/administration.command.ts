import { randomUUID } from 'node:crypto';
import { migrate, newApiKey, prepareDatabase, provisionTenants } from '@housestyle/database';
import { tenantId } from '@housestyle/domain';
import { readAdministrationSettings } from '@housestyle/settings';
import { toBucketMapping } from './tenants/buckets.command.js';
import { EXIT_OK, type Terminal } from './terminal.js';

export interface TenantOptions {
  readonly baseModel: string;
  /** `bucket` or `bucket/prefix` */
  readonly bucket: readonly string[];
  readonly json: boolean;
}

/** Applies what is missing, and says what it applied. @returns the exit code */
export async function migrateDatabase(terminal: Terminal): Promise<number> {
  const { DATABASE_URL } = readAdministrationSettings();
  const applied = await migrate(DATABASE_URL);
  terminal.print(applied.length > 0 ? applied.join('\n') : 'The database is up to date.');
  return EXIT_OK;
}

/** Creates a tenant and prints its id and API key. @returns the exit code */
export async function createTenant(name: string, options: TenantOptions, terminal: Terminal): Promise<number> {
  const { DATABASE_URL } = readAdministrationSettings();
  const id = tenantId(randomUUID());
  const { key: apiKey } = newApiKey();
  const bucketMappings = options.bucket.map(toBucketMapping);
  await prepareDatabase(DATABASE_URL);
  await provisionTenants(DATABASE_URL, [{ id, name, baseModel: options.baseModel, apiKey, bucketMappings }]);
  terminal.print(options.json ? JSON.stringify({ id, name, apiKey }) : `tenant   ${id}\nAPI key  ${apiKey}`);
  return EXIT_OK;
}
