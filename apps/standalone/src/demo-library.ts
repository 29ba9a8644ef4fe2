import { LandingRepository, newApiKey, provisionTenants, type Database } from '@housestyle/database';
import { tenantId, type TenantId, type Upload } from '@housestyle/domain';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface DemoTenant {
  readonly id: TenantId;
  readonly name: string;
  readonly apiKey: string;
}

const DEMO_TENANTS = [
  { id: tenantId('00000000-0000-4000-8000-000000000001'), name: 'Picture Museum' },
  { id: tenantId('00000000-0000-4000-8000-000000000002'), name: 'Toy Shop' },
];

/**
 * The two demo tenants with their keys: the first one's may be given, the others are made once and kept in `directory`.
 * Tenants that were of another base change to `baseModel`.
 */
export async function provisionDemoTenants(
  adminUrl: string,
  directory: string,
  { baseModel, firstKey }: { readonly baseModel: string; readonly firstKey: string | undefined },
): Promise<DemoTenant[]> {
  const keys = await keptKeys(join(directory, 'demo-keys.json'));
  const tenants = DEMO_TENANTS.map((tenant, index) => ({
    ...tenant,
    apiKey: (index === 0 ? firstKey : undefined) ?? keys[index]!,
  }));
  await provisionTenants(
    adminUrl,
    tenants.map((tenant) => ({ ...tenant, baseModel })),
  );
  return tenants;
}

/** Every sample picture lands in both libraries, once: a later start finds them there. */
export async function landSamples(database: Database, samples: string): Promise<void> {
  const pictures = (await readdir(samples)).filter((name) => name.endsWith('.png')).sort();
  const uploads = DEMO_TENANTS.flatMap(({ id }) =>
    pictures.map((name): Upload => ({
      tenantId: id,
      assetId: name,
      version: '1',
      uri: pathToFileURL(join(samples, name)).href,
    })),
  );
  await new LandingRepository(database).land(uploads);
}

/** Keys are stored hashed in the database; to print them again at every start they are also kept here, for the owner. */
async function keptKeys(file: string): Promise<string[]> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as string[];
  } catch {
    const keys = DEMO_TENANTS.map(() => newApiKey().key);
    await writeFile(file, JSON.stringify(keys), { mode: 0o600 });
    return keys;
  }
}
