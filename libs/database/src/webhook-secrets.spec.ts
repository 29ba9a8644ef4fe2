import { tenantId } from '@housestyle/domain';
import { expect, it } from 'vitest';
import { WebhookSecrets } from './webhook-secrets.js';

const owner = { tenantId: tenantId('7b0c2a52-95a7-4a4e-a6f5-3c9d0d9b7a10'), webhookId: 'a' };
const secrets = new WebhookSecrets('at least thirty-two characters of it');

it('opens what it sealed, for the same webhook and key only, and never when a bit differs', () => {
  const secret = WebhookSecrets.generate();
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  const sealed = secrets.seal(secret, owner);
  expect(secrets.open(sealed, owner)).toBe(secret);
  expect(Buffer.from(sealed).includes(Buffer.from(secret.slice(6), 'base64'))).toBe(false);
  expect(secrets.seal(secret, owner)).not.toEqual(sealed);

  expect(secrets.open(sealed, { ...owner, webhookId: 'b' })).toBeUndefined();
  expect(
    secrets.open(sealed, { ...owner, tenantId: tenantId('00000000-0000-4000-8000-000000000000') }),
  ).toBeUndefined();
  expect(new WebhookSecrets('another key, as long as the first one').open(sealed, owner)).toBeUndefined();
  for (const at of sealed.keys()) {
    const damaged = sealed.map((byte, index) => (index === at ? byte ^ 1 : byte));
    expect(secrets.open(damaged, owner), `byte ${at}`).toBeUndefined();
  }
  for (const length of [0, 1, 13, 29]) expect(secrets.open(sealed.subarray(0, length), owner)).toBeUndefined();
});

it('takes the app role’s password when no key is set, and seals nothing without either', () => {
  const sealed = WebhookSecrets.of(undefined, 'postgres://app:p%40ss@db/x').seal('whsec_AAAA', owner);
  expect(WebhookSecrets.of('p@ss', 'postgres://app:other@db/x').open(sealed, owner)).toBe('whsec_AAAA');
  expect(() => WebhookSecrets.of(undefined, 'postgres://app@db/x').seal('whsec_AAAA', owner)).toThrow(
    'WEBHOOK_SECRET_KEY is required',
  );
});
