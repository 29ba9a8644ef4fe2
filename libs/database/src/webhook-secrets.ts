import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { DomainError, type TenantId } from '@housestyle/domain';

const PREFIX = 'whsec_';
const SECRET_BYTES = 32;
const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;
/** stands before every sealed secret, so that another way of sealing can be told from this one */
const FORMAT = 1;

/** What a secret is bound to: sealed for one webhook it opens for no other, whoever copies the bytes. */
export interface SecretOwner {
  readonly tenantId: TenantId;
  readonly webhookId: string;
}

/**
 * Secrets of webhooks at rest. Signing needs the secret itself, so it cannot be hashed as API keys are: it is encrypted
 * (AES-256-GCM) under a key that the database never sees. A copy of the tables gives none away.
 */
export class WebhookSecrets {
  private readonly key: Buffer | undefined;

  /** @param material what the key is made from: at least 128 random bits; undefined: webhooks cannot be used */
  constructor(material: string | undefined) {
    this.key = material
      ? Buffer.from(hkdfSync('sha256', material, '', 'housestyle webhook secrets', SECRET_BYTES))
      : undefined;
  }

  /** Of `key`, or of the app role's password when there is none. */
  static of(key: string | undefined, appUrl: string): WebhookSecrets {
    return new WebhookSecrets(key ?? decodeURIComponent(new URL(appUrl).password));
  }

  /** `whsec_` and 256 random bits, as Standard Webhooks writes them. */
  static generate(): string {
    return PREFIX + randomBytes(SECRET_BYTES).toString('base64');
  }

  /** @throws DomainError `invalid_settings` when there is no key */
  seal(secret: string, owner: SecretOwner): Uint8Array<ArrayBuffer> {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(CIPHER, this.mustHaveKey(), iv).setAAD(nameOf(owner));
    const sealed = Buffer.concat([cipher.update(Buffer.from(secret.slice(PREFIX.length), 'base64')), cipher.final()]);
    return Uint8Array.from([FORMAT, ...iv, ...sealed, ...cipher.getAuthTag()]);
  }

  /** @returns undefined when it was sealed under another key or for another webhook, or is damaged */
  open(sealed: Uint8Array, owner: SecretOwner): string | undefined {
    const [iv, tag] = [sealed.subarray(1, 1 + IV_BYTES), sealed.subarray(-TAG_BYTES)];
    try {
      if (sealed[0] !== FORMAT) return undefined;
      const cipher = createDecipheriv(CIPHER, this.mustHaveKey(), iv, { authTagLength: TAG_BYTES });
      cipher.setAAD(nameOf(owner)).setAuthTag(tag);
      const secret = Buffer.concat([cipher.update(sealed.subarray(1 + IV_BYTES, -TAG_BYTES)), cipher.final()]);
      return PREFIX + secret.toString('base64');
    } catch {
      return undefined;
    }
  }

  private mustHaveKey(): Buffer {
    if (this.key) return this.key;
    throw new DomainError('invalid_settings', 'WEBHOOK_SECRET_KEY is required: the database URL has no password');
  }
}

const nameOf = ({ tenantId, webhookId }: SecretOwner): Buffer => Buffer.from(`${tenantId}/${webhookId}`);
