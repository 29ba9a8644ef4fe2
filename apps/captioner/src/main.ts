import 'reflect-metadata';
import { locateBaseModels } from '@housestyle/checkpoints';
import { toDomainError } from '@housestyle/domain';
import { readCaptionerSettings, type CaptionerSettings } from '@housestyle/settings';
import { createLogger, MetricsServer, NestLogger } from '@housestyle/telemetry';
import { NestFactory } from '@nestjs/core';
import { CaptionWorkers } from './caption-workers.js';
import { CaptionerMetrics } from './captioner-metrics.js';
import { CaptionerServer } from './captioner-server.js';
import { CaptionerModule } from './captioner.module.js';
import { listenOptions } from './listen-options.js';
import { readServedBases } from './served-bases.js';
import { ServingGate } from './serving-gate.js';

/** Listens first, NOT_SERVING; serves when the models are loaded; on SIGTERM answers what it has begun, then exits 0. */
async function main(): Promise<void> {
  const settings = readCaptionerSettings();
  const logger = createLogger('captioner', settings.LOG_LEVEL);
  const metrics = new CaptionerMetrics();
  const gate = new ServingGate(maxItemsInside(settings));
  if (settings.PRECISION === 'fp16' && settings.DEVICE === 'cpu') {
    logger.warn('PRECISION=fp16 on the CPU is no quicker than fp32 and takes more memory: it is meant for a GPU');
  }
  const bases = await readServedBases(await locateBaseModels(settings.MODEL_DIRECTORIES, settings.MODEL_LIBRARY));
  const workers = new CaptionWorkers(bases, settings, metrics, logger, gate);

  const server = new CaptionerServer(listenOptions(settings, logger), gate.health);
  const app = await NestFactory.createMicroservice(CaptionerModule.of({ settings, workers, logger, metrics, gate }), {
    strategy: server,
    logger: new NestLogger(logger),
  });
  await app.listen();
  const metricsServer =
    settings.METRICS_PORT === undefined
      ? undefined
      : await MetricsServer.listen({ port: settings.METRICS_PORT, metrics, isReady: () => gate.isServing });
  logger.info({ port: server.port, metricsPort: metricsServer?.port }, 'listening');

  let isStopping = false;
  const stop = async (): Promise<void> => {
    if (isStopping) return;
    isStopping = true;
    const abandoned = await gate.drain(settings.SHUTDOWN_TIMEOUT_MS);
    if (abandoned > 0) logger.error({ abandoned }, 'calls were still running when the shutdown time was over');
    await app.close();
    await workers.close();
    await metricsServer?.close();
    process.exit(0);
  };
  process.on('SIGTERM', () => void stop());
  process.on('SIGINT', () => void stop());

  try {
    await workers.start();
  } catch (error) {
    // told to stop while the models were loading
    if (isStopping) return;
    throw error;
  }
  if (isStopping) return;
  gate.open();
  logger.info({ port: server.port, bases: workers.bases.map(({ name }) => name) }, 'serving');
}

/** What full queues hold, and as much again for what waits for its mapper, or for the rest of its call. */
const maxItemsInside = ({ MAX_QUEUE, MODEL_DIRECTORIES }: CaptionerSettings): number =>
  2 * MAX_QUEUE * MODEL_DIRECTORIES.length;

main().catch((error: unknown) => {
  const { code, message } = toDomainError(error);
  process.stderr.write(`captioner: ${code}: ${message}\n`);
  process.exit(1);
});
