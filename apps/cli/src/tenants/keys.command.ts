import { ApiKeyRepository, Database, prepareDatabase, type ApiKeyView, type CreatedApiKey } from '@housestyle/database';
import { DomainError, tenantId, type TenantId } from '@housestyle/domain';
import { readAdministrationSettings } from '@housestyle/settings';
import { EXIT_OK, type Terminal } from '../terminal.js';

export interface KeyOptions {
  readonly json: boolean;
}
export interface CreateKeyOptions extends KeyOptions {
  readonly scope: readonly string[];
  readonly expiresInHours?: number;
}
export interface RotateKeyOptions extends KeyOptions {
  readonly graceHours: number;
}

const HOUR_SECONDS = 3_600;

/** @returns the exit code */
export function listKeys(tenant: string, { json }: KeyOptions, terminal: Terminal): Promise<number> {
  return withKeys(tenant, async (keys, id) => {
    for (const key of await keys.list(id)) terminal.print(json ? JSON.stringify(key) : line(key));
  });
}

/** @returns the exit code */
export function createKey(
  tenant: string,
  name: string,
  options: CreateKeyOptions,
  terminal: Terminal,
): Promise<number> {
  return withKeys(tenant, async (keys, id) => {
    const { scope, expiresInHours } = options;
    const seconds = expiresInHours === undefined ? undefined : expiresInHours * HOUR_SECONDS;
    show(await keys.create(id, name, scope, seconds), options, terminal);
  });
}

/** @returns the exit code */
export function rotateKey(
  tenant: string,
  prefix: string,
  options: RotateKeyOptions,
  terminal: Terminal,
): Promise<number> {
  return withKeys(tenant, async (keys, id) => {
    const old = await named(keys, id, prefix);
    show(await keys.rotate(id, old.id, options.graceHours * HOUR_SECONDS), options, terminal);
  });
}

/** @returns the exit code */
export function revokeKey(tenant: string, prefix: string, terminal: Terminal): Promise<number> {
  return withKeys(tenant, async (keys, id) => {
    const key = await named(keys, id, prefix);
    if (!(await keys.revoke(id, key.id))) throw new DomainError('not_found', `the key ${prefix} was revoked before`);
    terminal.print(`revoked  ${prefix}`);
  });
}

async function withKeys(
  tenant: string,
  work: (keys: ApiKeyRepository, id: TenantId) => Promise<void>,
): Promise<number> {
  const { DATABASE_URL } = readAdministrationSettings();
  const id = tenantId(tenant);
  const database = await Database.open(await prepareDatabase(DATABASE_URL), { maxConnections: 1 });
  try {
    await work(new ApiKeyRepository(database), id);
    return EXIT_OK;
  } finally {
    await database.close();
  }
}

async function named(keys: ApiKeyRepository, tenant: TenantId, prefix: string): Promise<ApiKeyView> {
  const key = (await keys.list(tenant)).find((each) => each.prefix === prefix);
  if (!key) throw new DomainError('not_found', `the tenant has no key ${JSON.stringify(prefix)}`);
  return key;
}

function show(created: CreatedApiKey, { json }: KeyOptions, terminal: Terminal): void {
  terminal.print(json ? JSON.stringify(created) : `API key  ${created.key}`);
}

function line({ prefix, name, scopes, lastUsedAt, revokedAt, expiresAt }: ApiKeyView): string {
  const end = revokedAt
    ? `revoked ${revokedAt.toISOString()}`
    : expiresAt
      ? `ends ${expiresAt.toISOString()}`
      : 'lives on';
  return [prefix, name, scopes.join(',') || 'reads', lastUsedAt?.toISOString() ?? 'never used', end].join('\t');
}
