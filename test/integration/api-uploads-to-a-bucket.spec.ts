import { createHash } from 'node:crypto';
import type { AcceptedAssets } from '@housestyle/contracts';
import { S3ObjectStore } from '@housestyle/object-store';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { describeWith } from '../support/describe-with.js';
import { requirements } from '../support/requirements.js';
import { startTestApi, type TestApi } from '../support/running-api.js';
import { startS3, type S3Server } from '../support/s3.js';

const BUCKET = 'uploads';
const CREDENTIALS = { accessKeyId: 'spec', secretAccessKey: 'spec' };

describeWith([requirements.s3()], 'uploads into a bucket of one’s own server', () => {
  let s3: S3Server;
  let api: TestApi;

  beforeAll(async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', CREDENTIALS.accessKeyId);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', CREDENTIALS.secretAccessKey);
    s3 = await startS3([BUCKET]);
    api = await startTestApi({ UPLOAD_STORE: `s3://${BUCKET}/kept`, S3_ENDPOINT: s3.endpoint });
  });

  afterAll(async () => {
    await api?.stop();
    await s3?.stop();
    vi.unstubAllEnvs();
  });

  it('keeps the bytes under the tenant’s own key', async () => {
    const caller = await api.caller();
    const bytes = Buffer.from('not a picture, but nobody looks yet');
    const form = new FormData();
    form.set('file', new Blob([bytes]), 'a.jpg');
    const response = await caller.fetch('/v1/assets', { method: 'POST', body: form });
    expect(response.status, await response.clone().text()).toBe(202);
    const { items } = (await response.json()) as AcceptedAssets;
    expect(items[0]?.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));

    const [row] = await api.test.query<{ uri: string }>('SELECT uri FROM asset');
    const prefix = `s3://${BUCKET}/kept/`;
    expect(row?.uri).toContain(`${prefix}${caller.tenant}/`);
    const store = new S3ObjectStore({
      bucket: BUCKET,
      prefix: 'kept',
      endpoint: s3.endpoint,
      credentials: CREDENTIALS,
    });
    expect(await store.read(row!.uri.slice(prefix.length), { maxBytes: 1_000 })).toEqual(bytes);
    await store.close();
  });
});
