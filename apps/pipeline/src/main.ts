import 'reflect-metadata';
import { connectionUrls, Database } from '@housestyle/database';
import { toDomainError } from '@housestyle/domain';
import { consumerTiming } from '@housestyle/messaging';
import { readPipelineSettings } from '@housestyle/settings';
import { createLogger, MetricsServer, NestLogger } from '@housestyle/telemetry';
import { NestFactory } from '@nestjs/core';
import { Ending } from './ending.js';
import { PipelineMetrics } from './pipeline-metrics.js';
import { PipelineModule } from './pipeline.module.js';
import { PipelineService } from './pipeline.service.js';

/** of the time that a process whose consumer fell silent has to end: for work on its way, before leases are given back */
const WORK_SHARE = 1 / 3;

/** On SIGTERM finishes or gives back what it has begun, then exits 0; a part that cannot go on ends it with 1. */
async function main(): Promise<void> {
  const settings = readPipelineSettings();
  const logger = createLogger('pipeline', settings.LOG_LEVEL);
  const metrics = new PipelineMetrics();
  const ending = new Ending((code) => process.exit(code));
  const { endingMs } = consumerTiming(settings.KAFKA_SESSION_TIMEOUT_MS);
  const onFailure = (error: Error): void => {
    logger.fatal({ err: error }, 'the pipeline cannot go on');
    ending.begin(1, WORK_SHARE * endingMs, (1 - WORK_SHARE) * endingMs);
  };

  const database = await Database.open(await connectionUrls(settings), {
    statementTimeoutMs: settings.DATABASE_STATEMENT_TIMEOUT_MS,
  });
  const app = await NestFactory.createApplicationContext(
    PipelineModule.of({ settings, database, metrics, logger, onFailure }),
    { logger: new NestLogger(logger) },
  );
  const pipeline = app.get(PipelineService);
  const metricsServer =
    settings.METRICS_PORT === undefined
      ? undefined
      : await MetricsServer.listen({ port: settings.METRICS_PORT, metrics, isReady: () => pipeline.isReady() });
  ending.stop = async (timeoutMs) => {
    await pipeline.stop(timeoutMs);
    await app.close();
    await metricsServer?.close();
  };
  const stop = (): void => ending.begin(0, settings.SHUTDOWN_TIMEOUT_MS);
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);

  await pipeline.start();
  logger.info({ metricsPort: metricsServer?.port }, 'working');
}

main().catch((error: unknown) => {
  const { code, message } = toDomainError(error);
  process.stderr.write(`pipeline: ${code}: ${message}\n`);
  process.exit(1);
});
