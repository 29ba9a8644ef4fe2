import type { TenantId } from '@housestyle/domain';
import { LANDED_CHANNEL } from './channels.js';
import type { Database, Transaction } from './database.js';
import { notify } from './notify.js';

/** Which failed assets are meant; what is not given does not narrow. */
export interface FailedAssetFilter {
  /** of the failure, or of what the attempts failed of that were exhausted */
  readonly codes?: readonly string[];
  /** failed at this moment or later */
  readonly since?: Date;
  /** failed before this moment */
  readonly until?: Date;
  /** our own ids (`asset.id`) */
  readonly ids?: readonly string[];
  readonly limit?: number;
}

/** Assets by the code they had failed with. */
export type CountByCode = Readonly<Record<string, number>>;

interface FailedRow {
  readonly id: string;
  readonly code: string;
}

/** Rows changed in one transaction: workers lease meanwhile. */
const MAX_BATCH = 500;
const NO_LIMIT = 2 ** 31 - 1;

/**
 * Failed assets that are to be tried again. They become `received`, as if they had just landed. Whatever is not failed
 * is left alone: the same redrive again changes nothing, and two at once take each asset once.
 */
export class RedriveRepository {
  constructor(private readonly database: Database) {}

  /** What `redrive` would take; nothing changes. */
  async preview(tenant: TenantId, filter: FailedAssetFilter = {}): Promise<CountByCode> {
    const rows = await this.database.forTenant(tenant, (tables) => find(tables, tenant, filter, limitOf(filter)));
    return countByCode(rows);
  }

  /** Oldest failure first, in transactions of a few hundred. What fails anew meanwhile is not taken twice. */
  async redrive(tenant: TenantId, filter: FailedAssetFilter = {}): Promise<CountByCode> {
    const until = filter.until ?? (await this.now(tenant));
    const taken: FailedRow[] = [];
    for (;;) {
      const wanted = Math.min(MAX_BATCH, limitOf(filter) - taken.length);
      const batch = wanted > 0 ? await this.takeSome(tenant, { ...filter, until }, wanted) : [];
      taken.push(...batch);
      if (batch.length < MAX_BATCH) return countByCode(taken);
    }
  }

  private takeSome(tenant: TenantId, filter: FailedAssetFilter, limit: number): Promise<FailedRow[]> {
    return this.database.forTenant(tenant, async (rows) => {
      const failed = await find(rows, tenant, filter, limit);
      if (failed.length === 0) return [];
      await rows.$executeRaw`
        UPDATE asset SET status = 'received', attempts = 0, next_attempt_at = now(), failed_at = NULL,
          error_code = NULL, error_message = NULL
        WHERE tenant_id = ${tenant}::uuid AND id = ANY(${failed.map(({ id }) => id)}::uuid[])`;
      await notify(rows, [{ channel: LANDED_CHANNEL, payload: '' }]);
      return failed;
    });
  }

  /** By the clock that failures are dated by. */
  private async now(tenant: TenantId): Promise<Date> {
    const [row] = await this.database.forTenant(tenant, (rows) => rows.$queryRaw<[{ now: Date }]>`SELECT now()`);
    return row.now;
  }
}

/** Locked until the transaction ends; those that another redrive has locked are left to it. */
function find(
  rows: Transaction,
  tenant: TenantId,
  { codes = null, since = null, until = null, ids = null }: Nullable<FailedAssetFilter>,
  limit: number,
): Promise<FailedRow[]> {
  return rows.$queryRaw<FailedRow[]>`
    SELECT id, failed.code FROM asset
    CROSS JOIN LATERAL (
      SELECT coalesce(
        CASE error_code WHEN 'attempts_exhausted' THEN substring(error_message FROM '^([a-z_]+): ') END,
        error_code) AS code
    ) AS failed
    WHERE tenant_id = ${tenant}::uuid AND status = 'failed'
      AND (${codes}::text[] IS NULL OR error_code = ANY(${codes}::text[]) OR failed.code = ANY(${codes}::text[]))
      AND (${since}::timestamptz IS NULL OR failed_at >= ${since}::timestamptz)
      AND (${until}::timestamptz IS NULL OR failed_at < ${until}::timestamptz)
      AND (${ids}::uuid[] IS NULL OR id = ANY(${ids}::uuid[]))
    ORDER BY failed_at, id LIMIT ${limit}::int FOR UPDATE OF asset SKIP LOCKED`;
}

type Nullable<Fields> = { readonly [Key in keyof Fields]: Fields[Key] | null };

const limitOf = ({ limit }: FailedAssetFilter): number => limit ?? NO_LIMIT;

function countByCode(rows: readonly FailedRow[]): CountByCode {
  const counts: Record<string, number> = {};
  for (const { code } of rows) counts[code] = (counts[code] ?? 0) + 1;
  return counts;
}
