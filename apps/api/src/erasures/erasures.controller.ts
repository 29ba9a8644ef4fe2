import { Body, Controller, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CreateErasureSchema, ErasureSchema, type CreateErasure, type Erasure } from '@housestyle/contracts';
import { CurrentCaller, RequireScope, type Caller } from '../access/caller.js';
import { Answers } from '../openapi/answers.decorator.js';
import { ErasuresService } from './erasures.service.js';

@ApiTags('learning')
@RequireScope('admin')
@Controller('v1/erasures')
export class ErasuresController {
  constructor(private readonly erasures: ErasuresService) {}

  @Post()
  @Answers(200, ErasureSchema, 'gone; these mapper versions had been trained on it')
  eraseCaptions(
    @CurrentCaller() caller: Caller,
    @Body({ schema: CreateErasureSchema }) erasure: CreateErasure,
  ): Promise<Erasure> {
    return this.erasures.erase(caller.tenantId, erasure);
  }
}
