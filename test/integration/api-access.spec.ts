import { randomUUID } from 'node:crypto';
import type { ApiKeyList, CreatedApiKey, Session } from '@housestyle/contracts';
import { newApiKey } from '@housestyle/database';
import { tenantId } from '@housestyle/domain';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { problemOf, startTestApi, type TestApi, type TestCaller } from '../support/running-api.js';

let api: TestApi;
let caller: TestCaller;

beforeAll(async () => {
  api = await startTestApi();
  caller = await api.caller('The Museum');
});
afterAll(() => api.stop());

const stranger = (key: string) => api.withKey(tenantId(randomUUID()), key);

describe('API keys', () => {
  it('opens nothing without a key, with a wrong one, or with another scheme', async () => {
    const { key } = newApiKey();
    const answers = [
      await fetch(`${api.url}/v1/session`),
      await stranger(key).fetch('/v1/session'),
      await stranger(`${caller.key}x`).fetch('/v1/session'),
      await stranger(caller.key.slice(0, -1)).fetch('/v1/session'),
      await fetch(`${api.url}/v1/session`, { headers: { authorization: `Basic ${caller.key}` } }),
    ];
    for (const answer of answers) {
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
      expect(await problemOf(answer)).toMatchObject({ status: 401, code: 'unauthenticated', instance: '/v1/session' });
    }
  });

  it('says whose key it is', async () => {
    expect(await caller.get<Session>('/v1/session')).toEqual({
      tenant: { id: caller.tenant, name: 'The Museum' },
      scopes: ['upload', 'review', 'admin'],
      baseModel: 'demo',
      counts: {
        assets: { received: 0, captioned: 0, failed: 0 },
        suggestions: { pending: 0, accepted: 0, corrected: 0, rejected: 0 },
      },
    });
  });

  it('rotates: two live at once, and the old one ends the moment it is revoked', async () => {
    const made = await caller.send('POST', '/v1/api-keys', { name: 'the DAM', scopes: ['upload'] });
    expect(made.status).toBe(201);
    const old = (await made.json()) as CreatedApiKey;
    expect(old.key).toMatch(/^hs_[0-9a-f]{12}_[\w-]{22}$/);
    expect((await stranger(old.key).fetch('/v1/assets')).status).toBe(200);

    const next = (await (await caller.send('POST', `/v1/api-keys/${old.id}/rotate`)).json()) as CreatedApiKey;
    expect(next).toMatchObject({ name: 'the DAM', scopes: ['upload'] });
    expect((await stranger(old.key).fetch('/v1/assets')).status).toBe(200);
    expect((await stranger(next.key).fetch('/v1/assets')).status).toBe(200);

    expect((await caller.send('DELETE', `/v1/api-keys/${old.id}`)).status).toBe(204);
    expect((await stranger(old.key).fetch('/v1/assets')).status).toBe(401);
    expect((await stranger(next.key).fetch('/v1/assets')).status).toBe(200);
    expect((await problemOf(await caller.send('DELETE', `/v1/api-keys/${old.id}`))).code).toBe('not_found');

    const third = (await (
      await caller.send('POST', `/v1/api-keys/${next.id}/rotate`, { graceSeconds: 0 })
    ).json()) as CreatedApiKey;
    expect((await stranger(next.key).fetch('/v1/assets')).status).toBe(401);
    expect((await stranger(third.key).fetch('/v1/assets')).status).toBe(200);

    const { items } = await caller.get<ApiKeyList>('/v1/api-keys');
    expect(items.map(({ expiresAt }) => expiresAt !== null)).toEqual([false, true, true, false]);
    expect(items.map(({ name, revokedAt }) => [name, revokedAt !== null])).toEqual([
      ['the DAM', false],
      ['the DAM', false],
      ['the DAM', true],
      ['provisioned', false],
    ]);
    for (const { key } of [old, next, third]) expect(JSON.stringify(items)).not.toContain(key);
    const stored = await api.test.query<{ row: string }>('SELECT api_key::text AS row FROM api_key');
    expect(stored.some(({ row }) => row.includes(next.key.slice(16)))).toBe(false);
  });

  it('lets a key do what its scopes say and nothing else', async () => {
    const created = async (scopes: string[]) => {
      const made = await caller.send('POST', '/v1/api-keys', { name: `may ${scopes.join()}`, scopes });
      return stranger(((await made.json()) as CreatedApiKey).key);
    };
    const reader = await created([]);
    const uploader = await created(['upload']);
    const asset = { uri: 'https://pictures.example/a.jpg', assetId: 'a' };
    const review = { decision: 'accepted' };

    expect((await reader.fetch('/v1/suggestions')).status).toBe(200);
    expect(await problemOf(await reader.send('POST', '/v1/assets', asset))).toMatchObject({
      status: 403,
      code: 'forbidden',
    });
    expect((await uploader.send('POST', '/v1/assets', asset)).status).toBe(202);
    expect((await uploader.send('POST', `/v1/suggestions/${randomUUID()}/review`, review)).status).toBe(403);
    expect((await uploader.fetch('/v1/api-keys')).status).toBe(403);
    expect((await uploader.send('POST', '/v1/api-keys', { name: 'more', scopes: ['admin'] })).status).toBe(403);
  });

  it('refuses an unknown scope and names the field', async () => {
    const answer = await problemOf(await caller.send('POST', '/v1/api-keys', { name: 'x', scopes: ['everything'] }));
    expect(answer).toMatchObject({ status: 400, code: 'invalid_request', errors: [{ path: 'scopes.0' }] });
    const nul = await problemOf(await caller.send('POST', '/v1/api-keys', { name: 'a\0b' }));
    expect(nul).toMatchObject({ status: 400, errors: [{ path: 'name' }] });
  });
});

describe('the page’s session', () => {
  const signIn = async (apiKey: string) =>
    fetch(`${api.url}/v1/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ apiKey }),
    });

  it('turns a key into a cookie that no script can read and no other site sends', async () => {
    const answer = await signIn(caller.key);
    expect(answer.status).toBe(200);
    const cookie = answer.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/HttpOnly/);
    expect(cookie).toMatch(/SameSite=Strict/);
    expect(cookie).toMatch(/Path=\/v1/);
    expect(cookie).not.toMatch(/Secure/);
    const session = await fetch(`${api.url}/v1/session`, { headers: { cookie: cookie.split(';')[0]! } });
    expect(((await session.json()) as Session).tenant.name).toBe('The Museum');
    expect((await signIn('hs_000000000000_nobody')).status).toBe(401);
  });

  it('asks for the request header on every write that a cookie pays for', async () => {
    const cookie = ((await signIn(caller.key)).headers.get('set-cookie') ?? '').split(';')[0]!;
    const write = (headers: Record<string, string>) =>
      fetch(`${api.url}/v1/assets`, {
        method: 'POST',
        headers: { cookie, 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ uri: 'https://pictures.example/b.jpg', assetId: 'b' }),
      });
    expect(await problemOf(await write({}))).toMatchObject({ status: 403, code: 'forbidden' });
    expect((await write({ 'x-housestyle-request': '1' })).status).toBe(202);
  });

  it('cannot be started by another site’s form', async () => {
    const answer = await fetch(`${api.url}/v1/session`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: JSON.stringify({ apiKey: caller.key }),
    });
    expect(answer.status).toBe(400);
    expect(answer.headers.get('set-cookie')).toBeNull();
  });

  it('ends', async () => {
    const answer = await fetch(`${api.url}/v1/session`, { method: 'DELETE' });
    expect(answer.status).toBe(204);
    expect(answer.headers.get('set-cookie')).toMatch(/housestyle_session=; Path=\/v1; Expires=Thu, 01 Jan 1970/);
  });

  it('marks the cookie Secure when told that it is behind HTTPS', async () => {
    const secure = await startTestApi({ SECURE_COOKIES: 'true' });
    try {
      const { key } = await secure.caller();
      const answer = await fetch(`${secure.url}/v1/session`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ apiKey: key }),
      });
      expect(answer.headers.get('set-cookie')).toMatch(/; Secure/);
      expect(answer.headers.get('strict-transport-security')).toContain('max-age');
    } finally {
      await secure.stop();
    }
  });
});
