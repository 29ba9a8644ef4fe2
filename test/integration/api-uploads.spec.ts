import { createHash, randomUUID } from 'node:crypto';
import { request } from 'node:http';
import type { AcceptedAssets, Asset, AssetDetail, AssetPage } from '@housestyle/contracts';
import { provisionTenants } from '@housestyle/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  captionAssets,
  failAsset,
  PREVIEW_BYTES,
  problemOf,
  startTestApi,
  type TestApi,
  type TestCaller,
} from '../support/running-api.js';
import { waitFor } from '../support/wait-for.js';

const MAX_BYTES = 100_000;

let api: TestApi;
let caller: TestCaller;

beforeAll(async () => {
  api = await startTestApi({ UPLOAD_MAX_BYTES: String(MAX_BYTES), UPLOAD_MAX_FILES: '3' });
});
afterAll(() => api.stop());

const picture = (seed: string, size = 5000) => Buffer.alloc(size, createHash('sha256').update(seed).digest());
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

const upload = (by: TestCaller, files: readonly Buffer[], fields: Readonly<Record<string, string>> = {}) => {
  const body = new FormData();
  files.forEach((bytes, index) =>
    body.append('file', new Blob([new Uint8Array(bytes)], { type: 'image/jpeg' }), `Füße ${index}.jpg`),
  );
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  return by.fetch('/v1/assets', { method: 'POST', body });
};

const accepted = async (response: Response): Promise<AcceptedAssets['items']> => {
  expect(response.status).toBe(202);
  return ((await response.json()) as AcceptedAssets).items;
};

const storedUri = async (by: TestCaller, assetId: string): Promise<string> => {
  const rows = await api.test.query<{ uri: string }>('SELECT uri FROM asset WHERE tenant_id = $1 AND asset_id = $2', [
    by.tenant,
    assetId,
  ]);
  return rows[0]!.uri;
};

describe('uploading files', () => {
  it('lands several at once, each under the hash of its bytes, which lie whole in the store', async () => {
    caller = await api.caller();
    const files = [picture('a'), picture('b', MAX_BYTES)];
    const items = await accepted(await upload(caller, files, { context: '{"shelf":"north"}' }));
    expect(items).toHaveLength(2);
    for (const [index, item] of items.entries()) {
      const hash = sha256(files[index]!);
      expect(item).toMatchObject({
        assetId: `upload-${hash.slice(0, 32)}`,
        version: hash.slice(0, 16),
        sha256: hash,
        status: 'received',
        uri: null,
        contentType: 'image/jpeg',
        context: { shelf: 'north', fileName: `Füße ${index}.jpg` },
        previewUrl: null,
        isNew: true,
      });
      const stored = await fetchFile(await storedUri(caller, item.assetId));
      expect(sha256(stored)).toBe(hash);
    }
  });

  it('takes the same bytes once', async () => {
    caller = await api.caller();
    const before = (await api.storedKeys()).length;
    const [first] = await accepted(await upload(caller, [picture('once')]));
    const [second] = await accepted(await upload(caller, [picture('once')]));
    const twice = await accepted(await upload(caller, [picture('twice'), picture('twice')]));
    expect(second).toEqual({ ...first, isNew: false });
    expect(twice.map(({ isNew }) => isNew)).toEqual([true, false]);
    expect(twice[0]!.id).toBe(twice[1]!.id);
    expect((await api.storedKeys()).length).toBe(before + 2);
    expect(sha256(await fetchFile(await storedUri(caller, twice[0]!.assetId)))).toBe(twice[0]!.sha256);
  });

  it('makes a new version of a named asset when its bytes change', async () => {
    caller = await api.caller();
    const [first] = await accepted(await upload(caller, [picture('v1')], { assetId: 'boat' }));
    const [again] = await accepted(await upload(caller, [picture('v1')], { assetId: 'boat' }));
    const [next] = await accepted(await upload(caller, [picture('v2')], { assetId: 'boat' }));
    const [named] = await accepted(await upload(caller, [picture('v3')], { assetId: 'boat', version: 'final' }));
    expect([first, again, next, named].map((asset) => [asset!.assetId, asset!.isNew])).toEqual([
      ['boat', true],
      ['boat', false],
      ['boat', true],
      ['boat', true],
    ]);
    expect(named!.version).toBe('final');
    expect((await caller.get<AssetPage>('/v1/assets')).items).toHaveLength(3);
  });

  it('refuses what is over the limits, and keeps nothing of it', async () => {
    caller = await api.caller();
    const before = (await api.storedKeys()).length;
    const tooLarge = await upload(caller, [picture('fits'), picture('does not', MAX_BYTES + 1)]);
    expect(await problemOf(tooLarge)).toMatchObject({ status: 413, code: 'payload_too_large' });
    const tooMany = await upload(caller, [picture('1'), picture('2'), picture('3'), picture('4')]);
    expect(await problemOf(tooMany)).toMatchObject({ status: 400, code: 'invalid_request' });
    const named = await upload(caller, [picture('1'), picture('2')], { assetId: 'both' });
    expect((await problemOf(named)).errors).toEqual([{ path: 'assetId', message: expect.any(String) as string }]);
    const wrong = [
      await upload(caller, []),
      await upload(caller, [picture('x')], { context: '{' }),
      await upload(caller, [picture('x')], { context: '[]' }),
      await upload(caller, [picture('x')], { colour: 'red' }),
      await upload(caller, [picture('x')], { assetId: 'é'.repeat(512) + 'é' }),
    ];
    for (const answer of wrong) expect((await problemOf(answer)).code).toBe('invalid_request');
    expect((await caller.get<AssetPage>('/v1/assets')).items).toEqual([]);
    await waitFor('the refused files to be gone', async () => (await api.storedKeys()).length === before);
  });

  it('keeps nothing of an upload that its sender broke off', async () => {
    caller = await api.caller();
    const before = (await api.storedKeys()).length;
    await breakOff(caller);
    await waitFor('the broken upload to be gone', async () => (await api.storedKeys()).length === before);
    expect((await caller.get<AssetPage>('/v1/assets')).items).toEqual([]);
  });
});

/** Half a file, then silence and a closed connection. */
const breakOff = (by: TestCaller) =>
  new Promise<void>((resolve) => {
    const sending = request(`${api.url}/v1/assets`, {
      method: 'POST',
      headers: { authorization: `Bearer ${by.key}`, 'content-type': 'multipart/form-data; boundary=cut' },
    });
    sending.on('error', () => resolve());
    sending.write('--cut\r\nContent-Disposition: form-data; name="file"; filename="half.jpg"\r\n\r\n');
    sending.write(picture('half', 50_000), () => setTimeout(() => sending.destroy(new Error('gone')), 50));
  });

const fetchFile = async (uri: string): Promise<Buffer> => (await import('node:fs/promises')).readFile(new URL(uri));

describe('announcing a picture that lies elsewhere', () => {
  const uri = 'https://pictures.example/north/1.jpg';
  const announce = (body: unknown) => caller.send('POST', '/v1/assets', body);

  it('lands it once per version', async () => {
    caller = await api.caller();
    const hash = sha256(picture('x'));
    const [first] = await accepted(await announce({ uri, assetId: 'n/1', context: { a: 1 } }));
    expect(first).toMatchObject({ assetId: 'n/1', version: '1', uri, context: { a: 1 }, isNew: true });
    const [again] = await accepted(await announce({ uri: 'https://elsewhere.example/2.jpg', assetId: 'n/1' }));
    expect(again).toMatchObject({ id: first!.id, uri, isNew: false });
    const [hashed] = await accepted(await announce({ uri, assetId: 'n/1', sha256: hash.toUpperCase() }));
    expect(hashed).toMatchObject({ version: hash.slice(0, 16), sha256: hash, isNew: true });
  });

  it('takes an s3: address only from the tenant whose bucket it is', async () => {
    caller = await api.caller();
    await provisionTenants(api.test.adminUrl, [
      { id: caller.tenant, name: 'A', baseModel: 'demo', bucketMappings: [{ bucket: 'shared', prefix: 'ours/' }] },
    ]);
    expect(await accepted(await announce({ uri: 's3://shared/ours/1.jpg', assetId: 's3' }))).toHaveLength(1);
    for (const foreign of ['s3://shared/theirs/1.jpg', 's3://another/ours/1.jpg']) {
      const answer = await problemOf(await announce({ uri: foreign, assetId: 'x' }));
      expect(answer).toMatchObject({ status: 422, code: 'uri_not_allowed' });
    }
  });

  it('refuses what is no announcement, naming the fields', async () => {
    const refused = async (body: unknown) => {
      const problem = await problemOf(await announce(body));
      expect(problem).toMatchObject({ status: 400, code: 'invalid_request' });
      return (problem.errors ?? []).map(({ path }) => path);
    };
    expect(await refused({})).toEqual(['uri', 'assetId']);
    expect(await refused({ uri: 'file:///etc/passwd', assetId: 'a' })).toEqual(['uri']);
    expect(await refused({ uri: 'ftp://x/y', assetId: 'a' })).toEqual(['uri']);
    expect(await refused({ uri, assetId: 'a', sha256: 'abc' })).toEqual(['sha256']);
    expect(await refused({ uri, assetId: 'a', tenantId: randomUUID() })).toEqual(['']);
    expect(await refused({ uri, assetId: 'nul\0' })).toEqual(['']);
    const notJson = await caller.fetch('/v1/assets', {
      method: 'POST',
      body: '{',
      headers: { 'content-type': 'application/json' },
    });
    expect(await problemOf(notJson)).toMatchObject({ status: 400, code: 'invalid_request' });
    const long = await problemOf(await announce({ uri, assetId: 'a', context: { text: 'x'.repeat(300_000) } }));
    expect(long).toMatchObject({ status: 413, code: 'payload_too_large' });
  });
});

describe('looking at assets', () => {
  it('pages through them, newest first, missing and repeating none', async () => {
    caller = await api.caller();
    await captionAssets(api.test, caller.tenant, 7);
    const failed = await failAsset(api.test, caller.tenant);
    const seen: Asset[] = [];
    let route = '/v1/assets?limit=3';
    for (let pages = 0; route !== ''; pages++) {
      expect(pages).toBeLessThan(4);
      const { items, nextCursor } = await caller.get<AssetPage>(route);
      seen.push(...items);
      route = nextCursor === null ? '' : `/v1/assets?limit=3&cursor=${encodeURIComponent(nextCursor)}`;
    }
    expect(new Set(seen.map(({ id }) => id)).size).toBe(8);
    expect(seen[0]!.id).toBe(failed);
    expect((await caller.get<AssetPage>('/v1/assets?status=captioned')).items).toHaveLength(7);
    expect((await caller.get<AssetPage>('/v1/assets?status=received')).items).toEqual([]);
  });

  it('refuses a page that cannot be', async () => {
    const noUuid = Buffer.from(`1 ${'-'.repeat(36)}`).toString('base64url');
    for (const query of ['limit=0', 'limit=201', 'limit=x', 'status=lost', 'cursor=garbage', `cursor=${noUuid}`]) {
      expect((await problemOf(await caller.fetch(`/v1/assets?${query}`))).code).toBe('invalid_request');
    }
  });

  it('says why one failed', async () => {
    caller = await api.caller();
    const id = await failAsset(api.test, caller.tenant);
    expect(await caller.get<AssetDetail>(`/v1/assets/${id}`)).toMatchObject({
      status: 'failed',
      attempts: 1,
      error: { code: 'corrupt_image', title: 'The picture cannot be decoded', message: 'it is torn' },
      suggestions: [],
    });
    expect((await problemOf(await caller.fetch(`/v1/assets/${id}/preview`))).code).toBe('not_found');
  });

  it('shows one with its suggestions and its preview, which is sent once', async () => {
    caller = await api.caller();
    const [id] = await captionAssets(api.test, caller.tenant, 1);
    const asset = await caller.get<AssetDetail>(`/v1/assets/${id}`);
    expect(asset).toMatchObject({
      status: 'captioned',
      width: 400,
      height: 300,
      previewUrl: `/v1/assets/${id}/preview`,
    });
    expect(asset.suggestions.map(({ caption }) => caption)).toEqual(['A red boat, number 0.']);

    const preview = await caller.fetch(asset.previewUrl!);
    expect(preview.headers.get('content-type')).toBe('image/webp');
    expect(preview.headers.get('cache-control')).toMatch(/^private/);
    expect(preview.headers.get('x-content-type-options')).toBe('nosniff');
    expect(Buffer.from(await preview.arrayBuffer())).toEqual(PREVIEW_BYTES);
    const etag = preview.headers.get('etag') ?? '';
    // without a cache-control of its own, fetch would ask for a fresh copy
    const again = { 'if-none-match': etag, 'cache-control': 'max-age=0' };
    expect((await caller.fetch(asset.previewUrl!, { headers: again })).status).toBe(304);
  });
});
