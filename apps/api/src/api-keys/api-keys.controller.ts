import { Body, Controller, Delete, Get, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  ApiKeyListSchema,
  CreateApiKeySchema,
  CreatedApiKeySchema,
  RotateApiKeySchema,
  type ApiKeyList,
  type CreatedApiKey,
} from '@housestyle/contracts';
import type { z } from 'zod';
import { CurrentCaller, RequireScope, type Caller } from '../access/caller.js';
import { Answers, AnswersNothing } from '../openapi/answers.decorator.js';
import { ROW_ID } from '../openapi/row-id.js';
import { ApiKeysService } from './api-keys.service.js';

/** To change a key without a gap: rotate it, deploy the successor; the old one ends by itself, or is revoked. */
@ApiTags('api keys')
@RequireScope('admin')
@Controller('v1/api-keys')
export class ApiKeysController {
  constructor(private readonly apiKeys: ApiKeysService) {}

  @Get()
  @Answers(200, ApiKeyListSchema, 'newest first, those that have ended included')
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
  @Answers(201, CreatedApiKeySchema, 'a successor of the same name and scopes; the old one lives on for a while')
  rotateApiKey(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: ROW_ID }) id: string,
    @Body({ schema: RotateApiKeySchema.prefault({}) }) { graceSeconds }: z.output<typeof RotateApiKeySchema>,
  ): Promise<CreatedApiKey> {
    return this.apiKeys.rotate(caller.tenantId, id, graceSeconds);
  }

  @Delete(':id')
  @AnswersNothing('revoked, from this moment on')
  revokeApiKey(@CurrentCaller() caller: Caller, @Param('id', { schema: ROW_ID }) id: string): Promise<void> {
    return this.apiKeys.revoke(caller.tenantId, id);
  }
}
