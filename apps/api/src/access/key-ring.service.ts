import { Injectable } from '@nestjs/common';
import { API_KEY_SCOPES } from '@housestyle/contracts';
import { ApiKeyRepository, type ApiKeyOwner } from '@housestyle/database';
import { DomainError } from '@housestyle/domain';
import type { Caller } from './caller.js';

const USE_NOTED_EVERY_MS = 60_000;
const MAX_REMEMBERED = 10_000;

/** Finds out whose key a request brought. Nothing is cached but when a key's use was last noted: revoking is instant. */
@Injectable()
export class KeyRing {
  private readonly notedAt = new Map<string, number>();

  constructor(private readonly apiKeys: ApiKeyRepository) {}

  /** @throws DomainError `unauthenticated`, the same for a wrong key, one that has ended and none */
  async callerOf(key: string): Promise<Caller> {
    const owner = await this.apiKeys.authenticate(key);
    if (!owner) throw new DomainError('unauthenticated', 'the API key is unknown, revoked or expired');
    await this.noteUse(owner);
    return {
      tenantId: owner.tenantId,
      keyPrefix: owner.prefix,
      scopes: API_KEY_SCOPES.filter((scope) => owner.scopes.includes(scope)),
      limits: owner.limits,
    };
  }

  private async noteUse(owner: ApiKeyOwner): Promise<void> {
    const now = Date.now();
    if (now - (this.notedAt.get(owner.prefix) ?? 0) < USE_NOTED_EVERY_MS) return;
    if (this.notedAt.size >= MAX_REMEMBERED) this.notedAt.clear();
    this.notedAt.set(owner.prefix, now);
    await this.apiKeys.markUsed(owner);
  }
}
