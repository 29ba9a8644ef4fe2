import { describe, expect, it } from 'vitest';
import { AssetUploadedSchema } from './incoming-events.js';

const upload = {
  tenantId: '7b0c2a52-95a7-4a4e-a6f5-3c9d0d9b7a10',
  assetId: 'shelf/9.jpg',
  version: '1',
  uri: 's3://pictures/shelf/9.jpg',
};

const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth));

describe('AssetUploadedSchema', () => {
  it('lets unknown fields pass and lowers the checksum', () => {
    const parsed = AssetUploadedSchema.parse({ ...upload, sha256: 'AB'.repeat(32), added: 1 });
    expect(parsed).toEqual({ ...upload, sha256: 'ab'.repeat(32) });
  });

  it.each([
    ['a missing uri', { uri: undefined }],
    ['an empty version', { version: '' }],
    ['a short checksum', { sha256: 'abc' }],
    ['a NUL in the id', { assetId: 'a\u0000b' }],
    ['a NUL deep in the context', { context: { list: [{ note: '\u0000' }] } }],
    ['half a surrogate pair as a context key', { context: { '\ud83d': 1 } }],
    ['a context that no stack can hold', { context: { deep: nested(20_000) } }],
  ])('refuses %s', (_, change) => {
    expect(AssetUploadedSchema.safeParse({ ...upload, ...change }).success).toBe(false);
  });

  it('keeps astral characters', () => {
    expect(AssetUploadedSchema.parse({ ...upload, assetId: '🦊' }).assetId).toBe('🦊');
  });
});
