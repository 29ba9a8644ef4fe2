import 'reflect-metadata';
import { connectionUrls, Database } from '@housestyle/database';
import { toDomainError } from '@housestyle/domain';
import { readPipelineSettings } from '@housestyle/settings';
import { createLogger, MetricsServer, NestLogger } from '@housestyle/telemetry';
import { NestFactory } from '@nestjs/core';
import { Ending } from './ending.js';
import { PipelineMetrics } from './pipeline-metrics.js';
import { PipelineModule } from './pipeline.module.js';
import { PipelineService } from './pipeline.service.js';

/** how long work on its way may take after a failure, before its leases are given back */
const FAILURE_TIMEOUT_MS = 2_000;

/** On SIGTERM finishes or gives back what it has begun, then exits 0; a part that cannot go on ends it with 1. */
async function main(): Promise<void> {
  const settings = readPipelineSettings();
  const logger = createLogger('pipeline', settings.LOG_LEVEL);
  const metrics = new PipelineMetrics();
  const ending = new Ending((code) => process.exit(code));
  const onFailure = (error: Error): void => {
    logger.fatal({ err: error }, 'the pipeline cannot go on');
    ending.begin(1, FAILURE_TIMEOUT_MS);
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
