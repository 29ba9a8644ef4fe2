import 'reflect-metadata';
import { connectionUrls, Database } from '@housestyle/database';
import { toDomainError } from '@housestyle/domain';
import { readPipelineSettings } from '@housestyle/settings';
import { createLogger, MetricsServer, NestLogger } from '@housestyle/telemetry';
import { NestFactory } from '@nestjs/core';
import { PipelineMetrics } from './pipeline-metrics.js';
import { PipelineModule } from './pipeline.module.js';
import { PipelineService } from './pipeline.service.js';

/** After the shutdown time is over, whatever still hangs is cut off. */
const EXIT_GRACE_MS = 4_000;

/** On SIGTERM finishes or gives back what it has begun, then exits 0; a part that cannot go on ends it with 1. */
async function main(): Promise<void> {
  const settings = readPipelineSettings();
  const logger = createLogger('pipeline', settings.LOG_LEVEL);
  const metrics = new PipelineMetrics();
  const onFailure = (error: Error): void => {
    logger.fatal({ err: error }, 'the pipeline cannot go on');
    process.exit(1);
  };

  const database = await Database.open(await connectionUrls(settings));
  const app = await NestFactory.createApplicationContext(
    PipelineModule.of({ settings, database, metrics, logger, onFailure }),
    { logger: new NestLogger(logger) },
  );
  const pipeline = app.get(PipelineService);
  const metricsServer =
    settings.METRICS_PORT === undefined
      ? undefined
      : await MetricsServer.listen({ port: settings.METRICS_PORT, metrics, isReady: () => pipeline.isReady() });

  let isStopping = false;
  const stop = async (): Promise<void> => {
    if (isStopping) return;
    isStopping = true;
    setTimeout(() => process.exit(1), settings.SHUTDOWN_TIMEOUT_MS + EXIT_GRACE_MS);
    await pipeline.stop(settings.SHUTDOWN_TIMEOUT_MS);
    await app.close();
    await metricsServer?.close();
    process.exit(0);
  };
  const stopOrFail = (): void => void stop().catch(onFailure);
  process.on('SIGTERM', stopOrFail);
  process.on('SIGINT', stopOrFail);

  await pipeline.start();
  logger.info({ metricsPort: metricsServer?.port }, 'working');
}

main().catch((error: unknown) => {
  const { code, message } = toDomainError(error);
  process.stderr.write(`pipeline: ${code}: ${message}\n`);
  process.exit(1);
});
