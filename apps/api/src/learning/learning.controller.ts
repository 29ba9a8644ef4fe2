import { Body, Controller, Get, Put } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { LearningSchema, TrainingScheduleSchema, type Learning, type TrainingSchedule } from '@housestyle/contracts';
import { CurrentCaller, RequireScope, type Caller } from '../access/caller.js';
import { Answers } from '../openapi/answers.decorator.js';
import { LearningService } from './learning.service.js';

@ApiTags('learning')
@Controller('v1/learning')
export class LearningController {
  constructor(private readonly learning: LearningService) {}

  @Get()
  @Answers(200, LearningSchema, 'how far learning is, and how captions have fared')
  getLearning(@CurrentCaller() caller: Caller): Promise<Learning> {
    return this.learning.get(caller.tenantId);
  }

  @Put('schedule')
  @RequireScope('admin')
  @Answers(200, TrainingScheduleSchema, 'in force from now on')
  setTrainingSchedule(
    @CurrentCaller() caller: Caller,
    @Body({ schema: TrainingScheduleSchema }) schedule: TrainingSchedule,
  ): Promise<TrainingSchedule> {
    return this.learning.setSchedule(caller.tenantId, schedule);
  }
}
