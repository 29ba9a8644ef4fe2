import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ApiKeyRepository, connectionUrls, TenantRepository } from '@housestyle/database';
import type { TenantId } from '@housestyle/domain';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';

const run = promisify(execFile);

describe('administration from a terminal', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

  const housestyle = (...args: string[]) =>
    run(process.execPath, ['apps/cli/dist/main.js', ...args], {
      env: { ...process.env, DATABASE_URL: database.adminUrl },
    });

  it('creates a tenant whose key opens its own door, and its bucket', async () => {
    const { stdout } = await housestyle('tenants', 'create', 'City Museum', '--bucket', 'museum/incoming/', '--json');
    const tenant = JSON.parse(stdout) as { id: TenantId; apiKey: string };
    const owner = await new ApiKeyRepository(database.database).authenticate(tenant.apiKey);
    expect(owner).toMatchObject({ tenantId: tenant.id, scopes: ['upload', 'review', 'admin'] });
    expect(await new TenantRepository(database.database).get(tenant.id)).toMatchObject({ name: 'City Museum' });
    const buckets = await database.query('SELECT bucket, prefix FROM bucket_mapping WHERE tenant_id = $1', [tenant.id]);
    expect(buckets).toEqual([{ bucket: 'museum', prefix: 'incoming/' }]);
  });

  it('refuses a bucket that is another tenant’s', async () => {
    await housestyle('tenants', 'create', 'First', '--bucket', 'shared');
    await expect(housestyle('tenants', 'create', 'Second', '--bucket', 'shared')).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('conflict') as string,
    });
  });

  it('migrates, and says when there is nothing to do', async () => {
    expect((await housestyle('migrate')).stdout).toBe('The database is up to date.\n');
  });

  it('leaves a database alone that it is given as the two roles', async () => {
    const { appUrl, queueUrl } = database;
    expect(await connectionUrls({ DATABASE_APP_URL: appUrl, DATABASE_QUEUE_URL: queueUrl })).toEqual({
      appUrl,
      queueUrl,
    });
    expect(() => connectionUrls({ DATABASE_APP_URL: appUrl })).toThrowError(/DATABASE_URL is required/);
  });
});
