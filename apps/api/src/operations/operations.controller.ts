import { Controller, Get, Header, Res } from '@nestjs/common';
import { ApiExcludeEndpoint, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { HealthSchema, type Health } from '@housestyle/contracts';
import { Database } from '@housestyle/database';
import { Metrics } from '@housestyle/telemetry';
import { Public } from '../access/caller.js';
import { Answers } from '../openapi/answers.decorator.js';

/** For whatever keeps the process alive and watches it. */
@ApiTags('operations')
@Public()
@Controller()
export class OperationsController {
  constructor(
    private readonly database: Database,
    private readonly metrics: Metrics,
  ) {}

  @Get('healthz')
  @Answers(200, HealthSchema)
  healthz(): Health {
    return { status: 'ok' };
  }

  @Get('readyz')
  @Answers(200, HealthSchema)
  async readyz(@Res({ passthrough: true }) response: Response): Promise<Health> {
    try {
      await this.database.ping();
      return { status: 'ok' };
    } catch {
      response.status(503);
      return { status: 'unavailable' };
    }
  }

  @Get('metrics')
  @ApiExcludeEndpoint()
  @Header('Content-Type', 'text/plain; version=0.0.4')
  render(): Promise<string> {
    return this.metrics.render();
  }
}
