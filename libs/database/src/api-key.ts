import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** A key as it is handed out, once: `hs_<prefix>_<128 random bits>`. */
export interface NewApiKey {
  readonly key: string;
  readonly prefix: string;
  readonly hash: Uint8Array<ArrayBuffer>;
}

export function newApiKey(): NewApiKey {
  const prefix = randomBytes(6).toString('hex');
  const key = `hs_${prefix}_${randomBytes(16).toString('base64url')}`;
  return { key, prefix, hash: apiKeyHash(key) };
}

/** sha256: see the schema on why it need not be slow. */
export function apiKeyHash(key: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash('sha256').update(key).digest());
}

/** What a key is found by. One that an administrator chose has no readable prefix: its hash's first digits serve. */
export function apiKeyPrefix(key: string): string {
  const readable = /^hs_([0-9a-f]{12})_/.exec(key)?.[1];
  return readable ?? `own-${Buffer.from(apiKeyHash(key)).toString('hex').slice(0, 16)}`;
}

export function isApiKey(key: string, hash: Uint8Array): boolean {
  return hash.length === 32 && timingSafeEqual(apiKeyHash(key), hash);
}
