import { Body, Controller, Delete, Get, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  ApiKeyListSchema,
  CreateApiKeySchema,
  CreatedApiKeySchema,
  type ApiKeyList,
  type CreatedApiKey,
} from '@housestyle/contracts';
import type { z } from 'zod';
import { CurrentCaller, RequireScope, type Caller } from '../access/caller.js';
import { Answers, AnswersNothing } from '../openapi/answers.decorator.js';
import { ROW_ID } from '../openapi/row-id.js';
import { ApiKeysService } from './api-keys.service.js';

/** To change a key without a gap: rotate it, deploy the successor, revoke the old one. */
@ApiTags('api keys')
@RequireScope('admin')
@Controller('v1/api-keys')
export class ApiKeysController {
  constructor(private readonly apiKeys: ApiKeysService) {}

  @Get()
  @Answers(200, ApiKeyListSchema, 'newest first, the revoked ones included')
  listApiKeys(@CurrentCaller() caller: Caller): Promise<ApiKeyList> {
    return this.apiKeys.list(caller.tenantId);
  }

  @Post()
  @Answers(201, CreatedApiKeySchema, 'made; the key is shown this once')
  createApiKey(
    @CurrentCaller() caller: Caller,
    @Body({ schema: CreateApiKeySchema }) key: z.output<typeof CreateApiKeySchema>,
  ): Promise<CreatedApiKey> {
    return this.apiKeys.create(caller.tenantId, key);
  }

  @Post(':id/rotate')
  @Answers(201, CreatedApiKeySchema, 'a successor of the same name and scopes; both live until one is revoked')
  rotateApiKey(@CurrentCaller() caller: Caller, @Param('id', { schema: ROW_ID }) id: string): Promise<CreatedApiKey> {
    return this.apiKeys.rotate(caller.tenantId, id);
  }

  @Delete(':id')
  @AnswersNothing('revoked, from this moment on')
  revokeApiKey(@CurrentCaller() caller: Caller, @Param('id', { schema: ROW_ID }) id: string): Promise<void> {
    return this.apiKeys.revoke(caller.tenantId, id);
  }
}
