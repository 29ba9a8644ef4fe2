import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { MapperListSchema, type MapperList } from '@housestyle/contracts';
import { CurrentCaller, type Caller } from '../access/caller.js';
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
}
