import { setTenantLimits, type TenantLimits } from '@housestyle/database';
import { tenantId } from '@housestyle/domain';
import { readAdministrationSettings } from '@housestyle/settings';
import { EXIT_OK, type Terminal } from '../terminal.js';

export type LimitOptions = TenantLimits;

/** @returns the exit code */
export async function limitTenant(tenant: string, options: LimitOptions, terminal: Terminal): Promise<number> {
  const { DATABASE_URL } = readAdministrationSettings();
  await setTenantLimits(DATABASE_URL, tenantId(tenant), options);
  const { requestsPerMinute, keyRequestsPerMinute, assetsPerDay } = options;
  terminal.print(`requests a minute  ${requestsPerMinute ?? 'as the settings say'}`);
  terminal.print(`  with one key     ${keyRequestsPerMinute ?? 'as the settings say'}`);
  terminal.print(`assets a day       ${assetsPerDay ?? 'no quota'}`);
  return EXIT_OK;
}
