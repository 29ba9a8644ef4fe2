import { Inject, Injectable } from '@nestjs/common';
import type {
  CreateWebhookSchema,
  PageQuerySchema,
  Webhook,
  WebhookDelivery,
  WebhookDeliveryPage,
  WebhookList,
  WebhookWithSecret,
} from '@housestyle/contracts';
import { WebhookRepository } from '@housestyle/database';
import { DomainError, type TenantId } from '@housestyle/domain';
import type { ApiSettings } from '@housestyle/settings';
import type { z } from 'zod';
import { InvalidRequestError } from '../problems/to-http-problem.js';
import { API_SETTINGS } from '../tokens.js';
import { presentDelivery, presentWebhook } from './present-webhook.js';

@Injectable()
export class WebhooksService {
  constructor(
    private readonly webhooks: WebhookRepository,
    @Inject(API_SETTINGS) private readonly settings: ApiSettings,
  ) {}

  async list(tenant: TenantId): Promise<WebhookList> {
    return { items: (await this.webhooks.list(tenant)).map(presentWebhook) };
  }

  /** Where the URL really leads is judged each time something is sent there. */
  async create(tenant: TenantId, draft: z.output<typeof CreateWebhookSchema>): Promise<WebhookWithSecret> {
    if (!this.settings.ALLOW_PRIVATE_ADDRESSES && !/^https:/i.test(draft.url)) {
      throw new InvalidRequestError([{ path: 'url', message: 'expected an https: URL' }]);
    }
    const { secret, ...webhook } = await this.webhooks.create(tenant, draft);
    return { ...presentWebhook(webhook), secret };
  }

  async delete(tenant: TenantId, id: string): Promise<void> {
    if (!(await this.webhooks.delete(tenant, id))) throw new DomainError('not_found', `no webhook ${id}`);
  }

  async rotateSecret(tenant: TenantId, id: string): Promise<WebhookWithSecret> {
    const { secret, ...webhook } = await this.webhooks.rotateSecret(tenant, id);
    return { ...presentWebhook(webhook), secret };
  }

  async enable(tenant: TenantId, id: string): Promise<Webhook> {
    return presentWebhook(await this.webhooks.enable(tenant, id));
  }

  async test(tenant: TenantId, id: string): Promise<WebhookDelivery> {
    return presentDelivery(await this.webhooks.test(tenant, id));
  }

  async deliveries(
    tenant: TenantId,
    id: string,
    query: z.output<typeof PageQuerySchema>,
  ): Promise<WebhookDeliveryPage> {
    const { items, nextCursor } = await this.webhooks.deliveries(tenant, id, query);
    return { items: items.map(presentDelivery), nextCursor: nextCursor ?? null };
  }
}
