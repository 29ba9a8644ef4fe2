import type { CreatedApiKey } from '@housestyle/contracts';
import { setTenantLimits } from '@housestyle/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { problemOf, startTestApi, type TestApi, type TestCaller } from '../support/running-api.js';

const PER_KEY = 20;
const PER_TENANT = 50;

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi({ RATE_LIMIT_PER_KEY: String(PER_KEY), RATE_LIMIT_PER_TENANT: String(PER_TENANT) });
});
afterAll(() => api.stop());

/** Answers by status to `count` requests at once. */
async function ask(by: TestCaller, count: number): Promise<{ passed: number; refused: Response[] }> {
  const answers = await Promise.all(Array.from({ length: count }, () => by.fetch('/v1/mappers')));
  const refused = answers.filter(({ status }) => status === 429);
  const passed = answers.filter(({ status }) => status === 200).length;
  expect(passed + refused.length).toBe(count);
  return { passed, refused };
}

const anotherKeyOf = async (caller: TestCaller): Promise<TestCaller> => {
  const made = await caller.send('POST', '/v1/api-keys', { name: 'another', scopes: ['upload'] });
  return api.withKey(caller.tenant, ((await made.json()) as CreatedApiKey).key);
};

describe('rate limits', () => {
  it('refuse what one key asks beyond its own, with a problem that says when to come again', async () => {
    const [busy, quiet] = [await api.caller(), await api.caller()];
    const { passed, refused } = await ask(busy, 3 * PER_KEY);
    // a slow machine refills a little meanwhile: a token every three seconds
    expect(passed).toBeGreaterThanOrEqual(PER_KEY);
    expect(passed).toBeLessThan(2 * PER_KEY);
    const [first] = refused;
    expect(Number(first!.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(Number(first!.headers.get('retry-after'))).toBeLessThanOrEqual(60 / PER_KEY);
    expect(await problemOf(first!)).toEqual({
      type: 'urn:housestyle:problem:rate_limited',
      title: 'Too many requests',
      status: 429,
      detail: `more than ${PER_KEY} requests a minute`,
      instance: '/v1/mappers',
      code: 'rate_limited',
    });
    expect((await ask(quiet, PER_KEY)).passed).toBe(PER_KEY);
  });

  it('count a tenant’s keys together', async () => {
    const caller = await api.caller();
    const keys = [await anotherKeyOf(caller), await anotherKeyOf(caller), await anotherKeyOf(caller)];
    let passed = 3;
    for (const key of keys) passed += (await ask(key, PER_KEY)).passed;
    expect(passed).toBeGreaterThanOrEqual(PER_TENANT);
    expect(passed).toBeLessThan(3 + 3 * PER_KEY);
  });

  it('are a tenant’s own where an administrator says so, from the next request on', async () => {
    const caller = await api.caller();
    await setTenantLimits(api.test.adminUrl, caller.tenant, { keyRequestsPerMinute: 3, requestsPerMinute: 1000 });
    expect((await ask(caller, 10)).passed).toBe(3);
    await setTenantLimits(api.test.adminUrl, caller.tenant, { keyRequestsPerMinute: 1000, requestsPerMinute: 1000 });
    const key = await anotherKeyOf(await api.caller());
    await setTenantLimits(api.test.adminUrl, key.tenant, { keyRequestsPerMinute: 100, requestsPerMinute: 100 });
    expect((await ask(key, 80)).passed).toBe(80);
  });

  it('leave what needs no key alone', async () => {
    const answers = await Promise.all(Array.from({ length: 2 * PER_TENANT }, () => fetch(`${api.url}/healthz`)));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
  });
});

describe('a quota over HTTP', () => {
  it('refuses an upload beyond it with 429, until when, and keeps nothing of it', async () => {
    const caller = await api.caller();
    await setTenantLimits(api.test.adminUrl, caller.tenant, { assetsPerDay: 1 });
    const announce = (assetId: string) =>
      caller.send('POST', '/v1/assets', { uri: 'https://pictures.example/a.jpg', assetId });
    expect((await announce('first')).status).toBe(202);
    expect((await announce('first')).status).toBe(202);
    const refused = await announce('second');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(86_400);
    expect(await problemOf(refused)).toMatchObject({ status: 429, code: 'quota_exceeded' });

    const form = new FormData();
    form.append('file', new Blob(['not really a picture']), 'a.jpg');
    const upload = await caller.fetch('/v1/assets', { method: 'POST', body: form });
    expect(await problemOf(upload)).toMatchObject({ status: 429, code: 'quota_exceeded' });
    expect(await api.storedKeys()).toEqual([]);
    expect(await api.test.query('SELECT asset_id FROM asset')).toEqual([{ asset_id: 'first' }]);
  });
});
