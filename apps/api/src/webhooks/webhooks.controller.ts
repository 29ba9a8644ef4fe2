import { Body, Controller, Delete, Get, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  CreateWebhookSchema,
  PageQuerySchema,
  WebhookDeliveryPageSchema,
  WebhookDeliverySchema,
  WebhookListSchema,
  WebhookSchema,
  WebhookWithSecretSchema,
  type Webhook,
  type WebhookDelivery,
  type WebhookDeliveryPage,
  type WebhookList,
  type WebhookWithSecret,
} from '@housestyle/contracts';
import type { z } from 'zod';
import { CurrentCaller, RequireScope, type Caller } from '../access/caller.js';
import { Answers, AnswersNothing } from '../openapi/answers.decorator.js';
import { ROW_ID } from '../openapi/row-id.js';
import { WebhooksService } from './webhooks.service.js';

/** Events sent to the library's own address, signed as Standard Webhooks says; the pipeline sends them. */
@ApiTags('webhooks')
@RequireScope('admin')
@Controller('v1/webhooks')
export class WebhooksController {
  constructor(private readonly webhooks: WebhooksService) {}

  @Get()
  @Answers(200, WebhookListSchema, 'newest first')
  listWebhooks(@CurrentCaller() caller: Caller): Promise<WebhookList> {
    return this.webhooks.list(caller.tenantId);
  }

  @Post()
  @Answers(201, WebhookWithSecretSchema, 'made; the secret is shown this once')
  createWebhook(
    @CurrentCaller() caller: Caller,
    @Body({ schema: CreateWebhookSchema }) webhook: z.output<typeof CreateWebhookSchema>,
  ): Promise<WebhookWithSecret> {
    return this.webhooks.create(caller.tenantId, webhook);
  }

  @Delete(':id')
  @AnswersNothing('gone, with what was still to be sent')
  deleteWebhook(@CurrentCaller() caller: Caller, @Param('id', { schema: ROW_ID }) id: string): Promise<void> {
    return this.webhooks.delete(caller.tenantId, id);
  }

  @Post(':id/rotate')
  @Answers(201, WebhookWithSecretSchema, 'a new secret; for a day the one before signs beside it')
  rotateWebhookSecret(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: ROW_ID }) id: string,
  ): Promise<WebhookWithSecret> {
    return this.webhooks.rotateSecret(caller.tenantId, id);
  }

  @Post(':id/enable')
  @Answers(200, WebhookSchema, 'hears of everything from now on; what it missed is not sent again')
  enableWebhook(@CurrentCaller() caller: Caller, @Param('id', { schema: ROW_ID }) id: string): Promise<Webhook> {
    return this.webhooks.enable(caller.tenantId, id);
  }

  @Post(':id/test')
  @Answers(202, WebhookDeliverySchema, 'a test event is on its way')
  testWebhook(@CurrentCaller() caller: Caller, @Param('id', { schema: ROW_ID }) id: string): Promise<WebhookDelivery> {
    return this.webhooks.test(caller.tenantId, id);
  }

  @Get(':id/deliveries')
  @Answers(200, WebhookDeliveryPageSchema, 'newest first; kept for a month')
  listWebhookDeliveries(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: ROW_ID }) id: string,
    @Query({ schema: PageQuerySchema }) query: z.output<typeof PageQuerySchema>,
  ): Promise<WebhookDeliveryPage> {
    return this.webhooks.deliveries(caller.tenantId, id, query);
  }
}
