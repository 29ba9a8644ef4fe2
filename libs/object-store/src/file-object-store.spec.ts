import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { FileObjectStore } from './file-object-store.js';

let rootDir: string;
let store: FileObjectStore;

beforeEach(async () => {
  rootDir = await mkdtemp(join(tmpdir(), 'object-store-'));
  store = new FileObjectStore(rootDir);
});
afterEach(() => rm(rootDir, { recursive: true, force: true }));

describe('a folder as object store', () => {
  it('keeps bytes and streams under keys with folders', async () => {
    await store.put('t1/a.jpg', Buffer.from('abc'));
    await store.put('t1/b.jpg', Readable.from([Buffer.from('d'), Buffer.from('ef')]));
    const { stream, size } = await store.get('t1/b.jpg');
    expect([await text(stream), size]).toEqual(['def', 3]);
    expect((await store.read('t1/a.jpg', { maxBytes: 3 })).toString()).toBe('abc');
    expect(store.uriOf('t1/ä b.jpg')).toBe(pathToFileURL(join(rootDir, 't1', 'ä b.jpg')).href);
  });

  it('reads empty objects and overwrites', async () => {
    await store.put('a', Buffer.alloc(0));
    expect(await store.read('a', { maxBytes: 10 })).toHaveLength(0);
    await store.put('a', Buffer.from('new'));
    expect((await store.read('a', { maxBytes: 10 })).toString()).toBe('new');
  });

  it('never shows a partial write, and leaves nothing of one behind', async () => {
    await store.put('a', Buffer.from('before'));
    let seenMeanwhile = '';
    async function* breaksOff() {
      yield Buffer.from('half of');
      seenMeanwhile = (await store.read('a', { maxBytes: 10 })).toString();
      throw new Error('the sender hung up');
    }
    await expect(store.put('a', breaksOff())).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(seenMeanwhile).toBe('before');
    expect((await store.read('a', { maxBytes: 10 })).toString()).toBe('before');
    expect(await readdir(join(rootDir, '.unfinished'))).toEqual([]);
  });

  it('knows what is there and deletes twice without complaint', async () => {
    await store.put('folder/a', Buffer.from('x'));
    expect([await store.exists('folder/a'), await store.exists('folder'), await store.exists('folder/a/b')]).toEqual([
      true,
      false,
      false,
    ]);
    await store.delete('folder/a');
    await store.delete('folder/a');
    expect(await store.exists('folder/a')).toBe(false);
  });

  it('names its failures', async () => {
    await store.put('folder/a', Buffer.from('four'));
    await expect(store.get('missing')).rejects.toMatchObject({ code: 'not_found' });
    await expect(store.get('folder')).rejects.toMatchObject({ code: 'not_found' });
    await expect(store.put('folder', Buffer.from('x'))).rejects.toMatchObject({ code: 'conflict' });
    await expect(store.put('folder/a/b', Buffer.from('x'))).rejects.toMatchObject({ code: 'conflict' });
    await expect(store.read('folder/a', { maxBytes: 3 })).rejects.toMatchObject({ code: 'source_too_large' });
  });

  it.each([
    '',
    '/etc/passwd',
    '../a',
    'a/../../b',
    'a/./b',
    'a//b',
    'a/',
    '.unfinished/x',
    'a\\..\\b',
    'a\0b',
    'a\nb',
    '\ud800',
    'x'.repeat(201),
    'abc/'.repeat(200) + 'd',
  ])('refuses the key %j', async (key) => {
    await expect(store.put(key, Buffer.from('x'))).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(store.get(key)).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(store.delete(key)).rejects.toMatchObject({ code: 'invalid_request' });
    expect(() => store.uriOf(key)).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });
});
