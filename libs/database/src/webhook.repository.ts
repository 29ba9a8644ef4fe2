import { randomUUID } from 'node:crypto';
import { DomainError, type TenantId } from '@housestyle/domain';
import { OUTBOX_CHANNEL } from './channels.js';
import { decodeCursor, toPage, type Page, type PageRequest } from './cursor.js';
import type { Database, Transaction } from './database.js';
import type { Prisma, Webhook } from './generated/client.js';
import { notify } from './notify.js';
import { WebhookSecrets } from './webhook-secrets.js';

export interface WebhookDraft {
  readonly url: string;
  readonly eventTypes: readonly string[];
}

export interface WebhookView extends WebhookDraft {
  readonly id: string;
  readonly createdAt: Date;
  /** every attempt since has failed */
  readonly failingSince?: Date;
  /** it hears of nothing any more, and why */
  readonly disabled?: { readonly at: Date; readonly reason: string };
}

export interface WebhookWithSecret extends WebhookView {
  /** shown now, and never again */
  readonly secret: string;
}

export interface WebhookDeliveryView {
  readonly id: string;
  readonly status: 'pending' | 'delivered' | 'failed';
  /** `webhook-id` of every attempt */
  readonly messageId: string;
  /** undefined: a test */
  readonly type?: string;
  readonly attempts: number;
  readonly lastStatusCode?: number;
  readonly lastError?: string;
  readonly createdAt: Date;
  readonly lastAttemptAt?: Date;
  /** while it is pending */
  readonly nextAttemptAt?: Date;
}

const MAX_WEBHOOKS = 10;
/** how long the secret before signs beside the new one */
const ROTATION_MS = 24 * 3_600_000;

const WITH_EVENT = { event: { select: { eventId: true, type: true } } } as const;
type DeliveryRow = Prisma.WebhookDeliveryGetPayload<{ include: typeof WITH_EVENT }>;

/** A tenant's webhooks, as the tenant governs them. */
export class WebhookRepository {
  constructor(
    private readonly database: Database,
    private readonly secrets: WebhookSecrets,
  ) {}

  /** Newest first. */
  async list(tenant: TenantId): Promise<WebhookView[]> {
    const rows = await this.database.forTenant(tenant, (tables) =>
      tables.webhook.findMany({ where: { tenantId: tenant }, orderBy: [{ createdAt: 'desc' }, { id: 'desc' }] }),
    );
    return rows.map(toView);
  }

  /** @throws DomainError `conflict` when the tenant has as many as it may */
  create(tenant: TenantId, { url, eventTypes }: WebhookDraft): Promise<WebhookWithSecret> {
    const [id, secret] = [randomUUID(), WebhookSecrets.generate()];
    const sealedSecret = this.secrets.seal(secret, { tenantId: tenant, webhookId: id });
    return this.database.forTenant(tenant, async (tables) => {
      await tables.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`webhooks of ${tenant}`}, 0))`;
      if ((await tables.webhook.count({ where: { tenantId: tenant } })) >= MAX_WEBHOOKS) {
        throw new DomainError('conflict', `a tenant has at most ${MAX_WEBHOOKS} webhooks`);
      }
      const data = { id, tenantId: tenant, url, eventTypes: [...eventTypes], sealedSecret };
      return { ...toView(await tables.webhook.create({ data })), secret };
    });
  }

  /** @returns false when there is no such webhook */
  async delete(tenant: TenantId, id: string): Promise<boolean> {
    const { count } = await this.database.forTenant(tenant, (tables) =>
      tables.webhook.deleteMany({ where: { tenantId: tenant, id } }),
    );
    return count === 1;
  }

  /** A new secret; the one before signs beside it for a day. @throws DomainError `not_found` */
  rotateSecret(tenant: TenantId, id: string): Promise<WebhookWithSecret> {
    const secret = WebhookSecrets.generate();
    const sealedSecret = this.secrets.seal(secret, { tenantId: tenant, webhookId: id });
    return this.database.forTenant(tenant, async (tables) => {
      const before = await find(tables, tenant, id);
      const row = await tables.webhook.update({
        where: { tenantId: tenant, id },
        data: {
          sealedSecret,
          sealedPreviousSecret: before.sealedSecret,
          previousSecretUntil: new Date(Date.now() + ROTATION_MS),
        },
      });
      return { ...toView(row), secret };
    });
  }

  /** It hears of everything from now on; what it missed is not sent again. @throws DomainError `not_found` */
  enable(tenant: TenantId, id: string): Promise<WebhookView> {
    return this.database.forTenant(tenant, async (tables) => {
      await find(tables, tenant, id);
      const healthy = { disabledAt: null, disabledReason: null, failingSince: null, failures: 0 };
      const data = { ...healthy, pausedUntil: new Date() };
      return toView(await tables.webhook.update({ where: { tenantId: tenant, id }, data }));
    });
  }

  /** Queues a test event. @throws DomainError `not_found`, or `conflict` for a webhook that is switched off */
  test(tenant: TenantId, id: string): Promise<WebhookDeliveryView> {
    return this.database.forTenant(tenant, async (tables) => {
      const webhook = await find(tables, tenant, id);
      if (webhook.disabledAt) throw new DomainError('conflict', 'the webhook is switched off: enable it first');
      await tables.webhook.update({ where: { tenantId: tenant, id }, data: { pausedUntil: new Date() } });
      const delivery = await tables.webhookDelivery.create({
        data: { tenantId: tenant, webhookId: id },
        include: WITH_EVENT,
      });
      await notify(tables, [{ channel: OUTBOX_CHANNEL, payload: '' }]);
      return toDeliveryView(delivery);
    });
  }

  /** Newest first; those that ended a month ago are gone. @throws DomainError `not_found` */
  async deliveries(tenant: TenantId, id: string, { limit, cursor }: PageRequest): Promise<Page<WebhookDeliveryView>> {
    const rows = await this.database.forTenant(tenant, async (tables) => {
      await find(tables, tenant, id);
      return tables.webhookDelivery.findMany({
        where: { tenantId: tenant, webhookId: id, ...(cursor === undefined ? {} : olderThan(cursor)) },
        include: WITH_EVENT,
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        take: limit + 1,
      });
    });
    return toPage(rows, limit, toDeliveryView, ({ createdAt, id: rowId }) => ({ at: createdAt, id: rowId }));
  }
}

async function find(tables: Transaction, tenant: TenantId, id: string): Promise<Webhook> {
  const row = await tables.webhook.findFirst({ where: { tenantId: tenant, id } });
  if (!row) throw new DomainError('not_found', `no webhook ${id}`);
  return row;
}

function olderThan(cursor: string): Prisma.WebhookDeliveryWhereInput {
  const { at, id } = decodeCursor(cursor);
  return { createdAt: { lte: at }, OR: [{ createdAt: { lt: at } }, { createdAt: at, id: { lt: id } }] };
}

const toView = (row: Webhook): WebhookView => ({
  id: row.id,
  url: row.url,
  eventTypes: row.eventTypes,
  createdAt: row.createdAt,
  ...(row.failingSince && { failingSince: row.failingSince }),
  ...(row.disabledAt && { disabled: { at: row.disabledAt, reason: row.disabledReason ?? '' } }),
});

const toDeliveryView = (row: DeliveryRow): WebhookDeliveryView => ({
  id: row.id,
  status: row.status,
  messageId: row.event?.eventId ?? row.id,
  ...(row.event && { type: row.event.type }),
  attempts: row.attempts,
  ...(row.lastStatusCode !== null && { lastStatusCode: row.lastStatusCode }),
  ...(row.lastError !== null && { lastError: row.lastError }),
  createdAt: row.createdAt,
  ...(row.lastAttemptAt && { lastAttemptAt: row.lastAttemptAt }),
  ...(row.status === 'pending' && { nextAttemptAt: row.nextAttemptAt }),
});
