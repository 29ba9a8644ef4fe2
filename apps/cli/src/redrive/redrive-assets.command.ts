import { connectionUrls, Database, RedriveRepository, TenantRepository, type CountByCode } from '@housestyle/database';
import { readRedriveSettings } from '@housestyle/settings';
import { EXIT_OK, type Terminal } from '../terminal.js';
import { added, explained, total, type RedriveOptions } from './redrive-report.js';

/** Puts failed assets back to received, and says how many. @returns the exit code */
export async function redriveAssets(options: RedriveOptions, terminal: Terminal): Promise<number> {
  const database = await Database.open(await connectionUrls(readRedriveSettings()));
  try {
    const assets = new RedriveRepository(database);
    const tenants = options.tenant ? [options.tenant] : await new TenantRepository(database).listIds();
    const { code: codes, since, until } = options;
    let byCode: CountByCode = {};
    for (const tenant of tenants) {
      const limit = options.limit === undefined ? undefined : options.limit - total(byCode);
      if (limit === 0) break;
      const times = { ...(since && { since }), ...(until && { until }) };
      const filter = { ...times, ...(codes && { codes }), ...(limit !== undefined && { limit }) };
      const taken = options.dryRun ? await assets.preview(tenant, filter) : await assets.redrive(tenant, filter);
      byCode = added(byCode, taken);
    }
    const report = { assets: total(byCode), byCode, dryRun: options.dryRun };
    if (options.json) terminal.print(JSON.stringify(report));
    else for (const line of explained('failed asset', 'received', byCode, options.dryRun)) terminal.print(line);
    return EXIT_OK;
  } finally {
    await database.close();
  }
}
