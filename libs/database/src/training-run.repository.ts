import { randomInt } from 'node:crypto';
import { DomainError, type TenantId, type TrainingTrigger } from '@housestyle/domain';
import { TRAINING_CHANNEL } from './channels.js';
import { decodeCursor, toPage, type Page, type PageRequest } from './cursor.js';
import type { Database, Transaction } from './database.js';
import { notify } from './notify.js';
import {
  RUN_DETAIL_PARTS,
  RUN_PARTS,
  toRunDetail,
  toRunView,
  type TrainingRunDetail,
  type TrainingRunView,
} from './training-run-view.js';

const SEEDS = 2 ** 31;

/** Asking for runs and looking at them; running one is `TrainingLifecycleRepository`. */
export class TrainingRunRepository {
  constructor(private readonly database: Database) {}

  /** One run of a tenant at a time: asked again while one waits or runs, it is that one. */
  request(
    tenant: TenantId,
    trigger: TrainingTrigger,
    requestedBy?: string,
  ): Promise<{ readonly run: TrainingRunView; readonly isNew: boolean }> {
    return this.database.forTenant(tenant, async (rows) => {
      const inserted = await rows.$queryRaw<{ id: string }[]>`
        INSERT INTO training_run (tenant_id, trigger, requested_by, seed)
        VALUES (${tenant}::uuid, ${trigger}::training_trigger, ${requestedBy ?? null}::text, ${randomInt(SEEDS)}::int)
        ON CONFLICT (tenant_id) WHERE status IN ('requested', 'running') DO NOTHING
        RETURNING id`;
      if (inserted[0]) await announceRun(rows, tenant, inserted[0].id);
      const run = await activeRun(rows, tenant);
      // the other one may have ended between the two statements
      if (!run) throw new DomainError('conflict', 'a run has just ended; ask again');
      return { run, isNew: inserted.length === 1 };
    });
  }

  /** Newest first. */
  async list(tenant: TenantId, { limit, cursor }: PageRequest): Promise<Page<TrainingRunView>> {
    const rows = await this.database.forTenant(tenant, (tables) =>
      tables.trainingRun.findMany({
        ...RUN_PARTS,
        where: { tenantId: tenant, ...(cursor === undefined ? {} : olderThan(cursor)) },
        orderBy: [{ requestedAt: 'desc' }, { id: 'desc' }],
        take: limit + 1,
      }),
    );
    return toPage(rows, limit, toRunView, ({ requestedAt, id }) => ({ at: requestedAt, id }));
  }

  /** With the loss curve and the held-out captions before and after. */
  async get(tenant: TenantId, id: string): Promise<TrainingRunDetail | undefined> {
    const row = await this.database.forTenant(tenant, (tables) =>
      tables.trainingRun.findFirst({ ...RUN_DETAIL_PARTS, where: { tenantId: tenant, id } }),
    );
    return row ? toRunDetail(row) : undefined;
  }

  /** Without them: small enough to be sent with every step. */
  async summary(tenant: TenantId, id: string): Promise<TrainingRunView | undefined> {
    const row = await this.database.forTenant(tenant, (tables) =>
      tables.trainingRun.findFirst({ ...RUN_PARTS, where: { tenantId: tenant, id } }),
    );
    return row ? toRunView(row) : undefined;
  }

  /** The one that is requested or running. */
  active(tenant: TenantId): Promise<TrainingRunView | undefined> {
    return this.database.forTenant(tenant, (rows) => activeRun(rows, tenant));
  }

  /**
   * A run that nobody has begun ends here; one that runs is told to, and ends when its trainer hears of it. What has
   * ended stays as it is.
   * @returns the run as it stands now; undefined when this tenant has none of that id
   */
  async cancel(tenant: TenantId, id: string): Promise<TrainingRunView | undefined> {
    await this.database.forTenant(tenant, (rows) => cancelRun(rows, tenant, id, 'cancelled on request'));
    return this.summary(tenant, id);
  }
}

/** @param reason shown with the run */
export async function cancelRun(rows: Transaction, tenant: TenantId, id: string, reason: string): Promise<void> {
  const changed = await rows.$executeRaw`
    UPDATE training_run SET is_cancel_requested = true, reason = ${reason},
      status = CASE WHEN status = 'requested' THEN 'cancelled' ELSE status END,
      finished_at = CASE WHEN status = 'requested' THEN now() ELSE finished_at END
    WHERE tenant_id = ${tenant}::uuid AND id = ${id}::uuid AND status IN ('requested', 'running')
      AND NOT is_cancel_requested`;
  if (changed > 0) await announceRun(rows, tenant, id);
}

export const announceRun = (rows: Transaction, tenant: TenantId, id: string): Promise<void> =>
  notify(rows, [{ channel: TRAINING_CHANNEL, payload: `${tenant}:${id}` }]);

async function activeRun(rows: Transaction, tenant: TenantId): Promise<TrainingRunView | undefined> {
  const row = await rows.trainingRun.findFirst({
    ...RUN_PARTS,
    where: { tenantId: tenant, status: { in: ['requested', 'running'] } },
  });
  return row ? toRunView(row) : undefined;
}

function olderThan(cursor: string) {
  const { at, id } = decodeCursor(cursor);
  return { requestedAt: { lte: at }, OR: [{ requestedAt: { lt: at } }, { requestedAt: at, id: { lt: id } }] };
}
