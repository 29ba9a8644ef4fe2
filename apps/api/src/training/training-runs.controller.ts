import { Controller, Get, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  PageQuerySchema,
  TrainingRunDetailSchema,
  TrainingRunPageSchema,
  TrainingRunSchema,
  type TrainingRun,
  type TrainingRunDetail,
  type TrainingRunPage,
} from '@housestyle/contracts';
import type { z } from 'zod';
import { CurrentCaller, RequireScope, type Caller } from '../access/caller.js';
import { Answers } from '../openapi/answers.decorator.js';
import { ROW_ID } from '../openapi/row-id.js';
import { TrainingRunsService } from './training-runs.service.js';

@ApiTags('learning')
@Controller('v1/training-runs')
export class TrainingRunsController {
  constructor(private readonly runs: TrainingRunsService) {}

  @Get()
  @Answers(200, TrainingRunPageSchema, 'newest first')
  listTrainingRuns(
    @CurrentCaller() caller: Caller,
    @Query({ schema: PageQuerySchema }) query: z.output<typeof PageQuerySchema>,
  ): Promise<TrainingRunPage> {
    return this.runs.list(caller.tenantId, query);
  }

  @Post()
  @RequireScope('admin')
  @Answers(202, TrainingRunSchema, 'asked for; while one waits or runs, that one')
  requestTrainingRun(@CurrentCaller() caller: Caller): Promise<TrainingRun> {
    return this.runs.request(caller);
  }

  @Get(':id')
  @Answers(200, TrainingRunDetailSchema)
  getTrainingRun(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: ROW_ID }) id: string,
  ): Promise<TrainingRunDetail> {
    return this.runs.get(caller.tenantId, id);
  }

  @Post(':id/cancel')
  @RequireScope('admin')
  @Answers(202, TrainingRunSchema, 'cancelled, or told to end; one that has ended stays as it is')
  cancelTrainingRun(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: ROW_ID }) id: string,
  ): Promise<TrainingRun> {
    return this.runs.cancel(caller.tenantId, id);
  }
}
