import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { ApiKeyRepository, BucketMappingRepository, connectionUrls, TenantRepository } from '@housestyle/database';
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

  it('maps further buckets to a tenant, takes them back, and shows what it has', async () => {
    const id = await database.provision();
    const buckets = async (...args: string[]) => (await housestyle('tenants', 'buckets', id, ...args)).stdout;
    expect(await buckets()).toBe('no bucket is mapped to it\n');
    expect(await buckets('scans', 'photos/2026/', 'scans')).toBe('s3://photos/2026/\ns3://scans/\n');
    expect(await buckets('moved', '--unmap', 'scans', 'photos/2026/', '--json')).toBe(
      '{"bucket":"moved","prefix":""}\n',
    );
    const resolve = (key: string) => new BucketMappingRepository(database.database).resolve([{ bucket: 'moved', key }]);
    expect(await resolve('any/picture.jpg')).toEqual([id]);
  });

  it('maps all that is asked for, or nothing', async () => {
    const id = await database.provision();
    await housestyle('tenants', 'create', 'Owner', '--bucket', 'taken/a/');
    const refused = (code: string, ...args: string[]) =>
      expect(housestyle('tenants', 'buckets', ...args)).rejects.toMatchObject({
        code: 1,
        stderr: expect.stringContaining(code) as string,
      });
    await refused('conflict', id, 'free', 'taken/a/');
    await refused('not_found', id, 'free', '--unmap', 'taken/a/');
    await refused('invalid_request', id, 'free', 's3://taken');
    await refused('unknown_tenant', randomUUID(), 'free');
    expect(await database.query("SELECT FROM bucket_mapping WHERE bucket = 'free'")).toEqual([]);
    expect(await database.query("SELECT FROM bucket_mapping WHERE bucket = 'taken'")).toHaveLength(1);
  });

  it('rotates a tenant’s keys and revokes them, by their prefix', async () => {
    const id = await database.provision();
    const keys = new ApiKeyRepository(database.database);
    const made = JSON.parse(
      (await housestyle('keys', 'create', id, 'the DAM', '--scope', 'upload', '--json')).stdout,
    ) as {
      key: string;
      prefix: string;
    };
    expect(await keys.authenticate(made.key)).toMatchObject({ tenantId: id, scopes: ['upload'] });
    const { stdout } = await housestyle('keys', 'rotate', id, made.prefix, '--grace-hours', '1');
    const next = /^API key {2}(hs_([0-9a-f]{12})_\S+)\n$/.exec(stdout)!;
    expect(await keys.authenticate(next[1]!)).toMatchObject({ tenantId: id, scopes: ['upload'] });
    expect(await keys.authenticate(made.key)).toBeDefined();
    expect((await housestyle('keys', 'list', id)).stdout).toMatch(
      new RegExp(
        `^${next[2]}\tthe DAM\tupload\tnever used\tlives on\n${made.prefix}\tthe DAM\tupload\tnever used\tends 2`,
      ),
    );
    await housestyle('keys', 'revoke', id, made.prefix);
    expect(await keys.authenticate(made.key)).toBeUndefined();
    const stranger = await database.provision();
    await expect(housestyle('keys', 'revoke', stranger, next[2]!)).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('not_found') as string,
    });
    expect(await keys.authenticate(next[1]!)).toBeDefined();
  });

  it('limits a tenant', async () => {
    const id = await database.provision();
    const { stdout } = await housestyle('tenants', 'limit', id, '--assets-per-day', '500');
    expect(stdout).toContain('assets a day       500');
    const limits = () => database.query('SELECT assets_per_day FROM tenant_limit WHERE tenant_id = $1', [id]);
    expect(await limits()).toEqual([{ assets_per_day: 500 }]);
    await housestyle('tenants', 'limit', id);
    expect(await limits()).toEqual([{ assets_per_day: null }]);
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
