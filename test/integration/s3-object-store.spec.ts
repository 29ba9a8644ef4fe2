import { randomBytes, randomUUID } from 'node:crypto';
import { buffer } from 'node:stream/consumers';

import { ImageFetcher } from '@housestyle/imaging';
import { S3Connection, S3ObjectReader, S3ObjectStore } from '@housestyle/object-store';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { describeWith } from '../support/describe-with.js';
import { requirements } from '../support/requirements.js';
import { startS3, type S3Server } from '../support/s3.js';

const BUCKET = 'media';
const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };

describeWith([requirements.s3()], 'a bucket as object store', () => {
  let server: S3Server;
  let store: S3ObjectStore;

  beforeAll(async () => {
    server = await startS3([BUCKET]);
    store = new S3ObjectStore({ bucket: BUCKET, prefix: 'up/loads', endpoint: server.endpoint, credentials });
  }, 120_000);
  afterAll(async () => {
    await store?.close();
    await server?.stop();
  });

  it('keeps bytes, short streams and empty ones', async () => {
    await store.put('a b/ü%.jpg', Buffer.from('abc'), { contentType: 'image/jpeg' });
    await store.put('short', chunksOf(Buffer.from('defg'), 2));
    await store.put('empty', chunksOf(Buffer.alloc(0), 2));
    expect((await store.read('a b/ü%.jpg', { maxBytes: 3 })).toString()).toBe('abc');
    expect((await store.read('short', { maxBytes: 9 })).toString()).toBe('defg');
    expect(await store.read('empty', { maxBytes: 9 })).toHaveLength(0);
    expect(store.uriOf('a b/ü%.jpg')).toBe('s3://media/up/loads/a%20b/%C3%BC%25.jpg');
  });

  it('uploads a long stream in parts', async () => {
    const bytes = randomBytes(20 * 1024 * 1024 + 7);
    await store.put('long', chunksOf(bytes, 1_000_003));
    const { stream, size } = await store.get('long');
    expect(size).toBe(bytes.length);
    expect((await buffer(stream)).equals(bytes)).toBe(true);
  }, 60_000);

  it('shows nothing of an upload whose source fails half way', async () => {
    async function* breaksOff() {
      yield randomBytes(9 * 1024 * 1024);
      yield randomBytes(9 * 1024 * 1024);
      throw new Error('the sender hung up');
    }
    await expect(store.put('broken', breaksOff())).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(await store.exists('broken')).toBe(false);
  }, 60_000);

  it('knows what is there and deletes twice without complaint', async () => {
    const key = randomUUID();
    expect(await store.exists(key)).toBe(false);
    await store.put(key, Buffer.from('x'));
    expect(await store.exists(key)).toBe(true);
    await store.delete(key);
    await store.delete(key);
    expect(await store.exists(key)).toBe(false);
  });

  it('names its failures', async () => {
    await store.put('four', Buffer.from('four'));
    await expect(store.get('missing')).rejects.toMatchObject({ code: 'not_found' });
    await expect(store.read('four', { maxBytes: 3 })).rejects.toMatchObject({ code: 'source_too_large' });
    await expect(store.get('../four')).rejects.toMatchObject({ code: 'invalid_request' });
    const nobody = new S3ObjectStore({ bucket: BUCKET, endpoint: 'http://127.0.0.1:9', credentials });
    await expect(nobody.get('four')).rejects.toMatchObject({ code: 'store_unavailable' });
  });

  it('lends a reader for any key of any bucket', async () => {
    await store.put('seen', Buffer.from('by the reader'));
    const reader = new S3ObjectReader(new S3Connection({ endpoint: server.endpoint, credentials }));
    const { stream, size } = await reader.open(BUCKET, 'up/loads/seen');
    expect([(await buffer(stream)).toString(), size]).toEqual(['by the reader', 13]);
    await expect(reader.open('other', 'up/loads/seen')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('is where pictures with s3: URIs are fetched from', async () => {
    const key = 'a picture/100% ü?.jpg';
    await store.put(key, Buffer.from('pixels'));
    const reader = new S3ObjectReader(new S3Connection({ endpoint: server.endpoint, credentials }));
    const limits = { maxBytes: 100, timeoutMs: 10_000, maxRedirects: 3, isPrivateAddressAllowed: false };
    const fetcher = new ImageFetcher({ ...limits, allowedFileRoots: [], s3: reader, allowedBuckets: [BUCKET] });
    expect((await fetcher.fetch(store.uriOf(key))).bytes.toString()).toBe('pixels');
    await expect(fetcher.fetch(store.uriOf('missing'))).rejects.toMatchObject({ code: 'source_not_found' });
    await fetcher.close();
  });
});

async function* chunksOf(bytes: Buffer, length: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}
