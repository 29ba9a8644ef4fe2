import { ApiKeyRepository, TenantRepository } from '@housestyle/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';

const HOUR = 3_600;

let test: TestDatabase;
let keys: ApiKeyRepository;

beforeAll(async () => {
  test = await createTestDatabase();
  keys = new ApiKeyRepository(test.database);
});
afterAll(() => test.drop());

describe('API keys', () => {
  it('are found by themselves alone, and stored as a hash', async () => {
    const tenant = await test.provision();
    const created = await keys.create(tenant, 'the DAM', ['upload']);
    expect(created.key).toMatch(/^hs_[0-9a-f]{12}_[\w-]{22}$/);
    expect(await keys.authenticate(created.key)).toEqual({
      tenantId: tenant,
      prefix: created.prefix,
      scopes: ['upload'],
      limits: {},
    });
    expect(await keys.authenticate(`${created.key}x`)).toBeUndefined();
    expect(await keys.authenticate(`hs_${created.prefix}_`)).toBeUndefined();
    expect(await keys.authenticate('')).toBeUndefined();
    expect(await keys.authenticate('nul\0')).toBeUndefined();
    const [row] = await test.query('SELECT * FROM api_key WHERE prefix = $1', [created.prefix]);
    // the secret may have a "_" of its own
    expect(JSON.stringify(row)).not.toContain(created.key.slice(`hs_${created.prefix}_`.length));
  });

  it('rotate: two live side by side, then one', async () => {
    const tenant = await test.provision();
    const old = await keys.create(tenant, 'the DAM', ['upload', 'review']);
    const next = await keys.rotate(tenant, old.id, HOUR);
    expect(next).toMatchObject({ name: 'the DAM', scopes: ['upload', 'review'] });
    expect(await keys.authenticate(old.key)).toBeDefined();
    expect(await keys.authenticate(next.key)).toBeDefined();
    await expect(keys.rotate(tenant, next.id, HOUR)).rejects.toMatchObject({ code: 'conflict' });
    expect(await keys.revoke(tenant, old.id)).toBe(true);
    expect(await keys.revoke(tenant, old.id)).toBe(false);
    expect(await keys.authenticate(old.key)).toBeUndefined();
    expect(await keys.authenticate(next.key)).toBeDefined();
    await expect(keys.rotate(tenant, old.id, HOUR)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('end by themselves: the old one after its grace, one made for a while after that', async () => {
    const tenant = await test.provision();
    const old = await keys.create(tenant, 'the DAM', []);
    const next = await keys.rotate(tenant, old.id, HOUR);
    const [, listed] = await keys.list(tenant);
    expect(Math.abs(listed!.expiresAt!.getTime() - Date.now() - HOUR * 1000)).toBeLessThan(60_000);
    expect(next.expiresAt).toBeUndefined();
    await test.query('UPDATE api_key SET expires_at = now() WHERE id = $1', [old.id]);
    expect(await keys.authenticate(old.key)).toBeUndefined();
    expect(await keys.authenticate(next.key)).toBeDefined();

    const third = await keys.rotate(tenant, next.id, 0);
    expect(await keys.authenticate(next.key)).toBeUndefined();
    expect(await keys.authenticate(third.key)).toBeDefined();

    const brief = await keys.create(tenant, 'a visitor', [], 60);
    await keys.rotate(tenant, brief.id, HOUR);
    const views = await keys.list(tenant);
    expect(views.find(({ id }) => id === brief.id)!.expiresAt).toEqual(brief.expiresAt);
  });

  it('are never three in a rotation, however many ask at once', async () => {
    const tenant = await test.provision();
    const { id } = await keys.create(tenant, 'the DAM', []);
    const asked = await Promise.allSettled(Array.from({ length: 6 }, () => keys.rotate(tenant, id, HOUR)));
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await keys.list(tenant)).toHaveLength(2);
  });

  it('cannot be revoked, rotated or listed by another tenant', async () => {
    const [mine, theirs] = [await test.provision(), await test.provision()];
    const { id, key } = await keys.create(theirs, 'k', []);
    expect(await keys.revoke(mine, id)).toBe(false);
    await expect(keys.rotate(mine, id, HOUR)).rejects.toMatchObject({ code: 'not_found' });
    expect(await keys.list(mine)).toEqual([]);
    expect(await keys.authenticate(key)).toBeDefined();
  });

  it('remember when they were last used', async () => {
    const tenant = await test.provision();
    const { key } = await keys.create(tenant, 'k', []);
    const owner = await keys.authenticate(key);
    await keys.markUsed(owner!);
    expect((await keys.list(tenant))[0]!.lastUsedAt).toBeInstanceOf(Date);
  });
});

describe('provisioning', () => {
  it('is idempotent, and a new key takes the old one’s place', async () => {
    const apiKey = 'a key that an operator chose';
    const tenant = await test.provision({ name: 'First', apiKey });
    await test.provision({ id: tenant, name: 'Second', apiKey });
    expect(await new TenantRepository(test.database).get(tenant)).toEqual({
      id: tenant,
      name: 'Second',
      baseModel: 'demo',
    });
    expect(await keys.authenticate(apiKey)).toMatchObject({ tenantId: tenant, scopes: ['upload', 'review', 'admin'] });
    expect(await keys.list(tenant)).toHaveLength(1);

    await test.provision({ id: tenant, apiKey: 'another one of the same length' });
    expect(await keys.authenticate(apiKey)).toBeUndefined();
    expect(await keys.authenticate('another one of the same length')).toBeDefined();
    await test.provision({ id: tenant, apiKey });
    expect(await keys.authenticate(apiKey)).toBeDefined();
    await expect(test.provision({ apiKey })).rejects.toMatchObject({ code: 'conflict' });
    expect(await new TenantRepository(test.database).listIds()).toContain(tenant);
  });
});
