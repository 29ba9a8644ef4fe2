import { Body, Controller, Get, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  MapperListSchema,
  PromotableIdSchema,
  PromoteMapperSchema,
  type MapperList,
  type PromoteMapper,
} from '@housestyle/contracts';
import { CurrentCaller, RequireScope, type Caller } from '../access/caller.js';
import { Answers } from '../openapi/answers.decorator.js';
import { MappersService } from './mappers.service.js';

@ApiTags('mappers')
@Controller('v1/mappers')
export class MappersController {
  constructor(private readonly mappers: MappersService) {}

  @Get()
  @Answers(200, MapperListSchema, 'newest first; empty: the base model’s own mapper writes')
  listMappers(@CurrentCaller() caller: Caller): Promise<MapperList> {
    return this.mappers.list(caller.tenantId);
  }

  @Post('rollback')
  @RequireScope('admin')
  @Answers(200, MapperListSchema, 'the champion before writes again, from the next picture on')
  rollBackMapper(
    @CurrentCaller() caller: Caller,
    @Body({ schema: PromoteMapperSchema }) rollback: PromoteMapper,
  ): Promise<MapperList> {
    return this.mappers.rollback(caller, rollback);
  }

  @Post(':id/promote')
  @RequireScope('admin')
  @Answers(200, MapperListSchema, 'this version, or `base`, writes from the next picture on')
  promoteMapper(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: PromotableIdSchema }) id: string,
    @Body({ schema: PromoteMapperSchema }) promotion: PromoteMapper,
  ): Promise<MapperList> {
    return this.mappers.promote(caller, id, promotion);
  }
}
