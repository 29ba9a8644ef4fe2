import { DEFAULT_TRAINING_SCHEDULE, type TenantId, type TrainingSchedule } from '@housestyle/domain';
import { SCHEDULE_CHANNEL } from './channels.js';
import type { Database, Transaction } from './database.js';
import { notify } from './notify.js';

/** When a tenant's runs start by themselves. */
export interface Timetable {
  readonly tenantId: TenantId;
  /** undefined: no timetable, or learning is switched off */
  readonly cron?: string;
}

export class TrainingScheduleRepository {
  constructor(private readonly database: Database) {}

  /** The tenant's own, or the defaults. */
  get(tenant: TenantId): Promise<TrainingSchedule> {
    return this.database.forTenant(tenant, (rows) => scheduleOf(rows, tenant));
  }

  async put(tenant: TenantId, { isEnabled, cron, newReviews, minimumSamples }: TrainingSchedule): Promise<void> {
    const data = { isEnabled, cron: cron ?? null, newReviews: newReviews ?? null, minimumSamples };
    await this.database.forTenant(tenant, async (rows) => {
      await rows.trainingSchedule.upsert({
        where: { tenantId: tenant },
        create: { tenantId: tenant, ...data },
        update: { ...data, updatedAt: new Date() },
      });
      await notify(rows, [{ channel: SCHEDULE_CHANNEL, payload: `${tenant}:` }]);
    });
  }

  /** Every tenant's; as the queue role. */
  async timetables(): Promise<Timetable[]> {
    const rows = await this.database.acrossTenants(
      (tables) => tables.$queryRaw<{ id: TenantId; is_own: boolean; is_enabled: boolean; cron: string | null }[]>`
      SELECT id, tenant_id IS NOT NULL AS is_own, is_enabled, cron
      FROM tenant LEFT JOIN training_schedule ON tenant_id = id ORDER BY id`,
    );
    const { cron: usual } = DEFAULT_TRAINING_SCHEDULE;
    return rows.map(({ id, is_own: isOwn, is_enabled: isEnabled, cron }) => {
      const own = isEnabled && cron !== null ? cron : undefined;
      return { tenantId: id, cron: isOwn ? own : usual };
    });
  }
}

export async function scheduleOf(rows: Transaction, tenant: TenantId): Promise<TrainingSchedule> {
  const row = await rows.trainingSchedule.findFirst({ where: { tenantId: tenant } });
  if (!row) return DEFAULT_TRAINING_SCHEDULE;
  const { isEnabled, cron, newReviews, minimumSamples } = row;
  return { isEnabled, cron: cron ?? undefined, newReviews: newReviews ?? undefined, minimumSamples };
}
