import 'reflect-metadata';
import { hasBaseReplay, locateBaseModels, openBaseModel } from '@housestyle/checkpoints';
import { hasTextTower } from '@housestyle/clipcap';
import { connectionUrls, Database } from '@housestyle/database';
import { toDomainError } from '@housestyle/domain';
import { readTrainerSettings, type TrainerSettings } from '@housestyle/settings';
import { createLogger, MetricsServer, NestLogger, type Logger } from '@housestyle/telemetry';
import { NestFactory } from '@nestjs/core';
import { openTrainingEngine, type TrainingEngineChoice } from './adaptation/training-engine.js';
import { readLocalBases, type LocalBases } from './local-bases.js';
import { TrainerMetrics } from './trainer-metrics.js';
import { TrainerModule } from './trainer.module.js';
import { TrainerService } from './trainer.service.js';

/**
 * The trainer as a process: on SIGTERM leaves the run in hand at its last checkpoint and exits 0; exits 1 when it
 * cannot start.
 * @param adaptation the module an adaptation's thread runs; it calls `serveAdaptation`
 */
export function runTrainer(adaptation: URL): void {
  main(adaptation).catch((error: unknown) => {
    const { code, message } = toDomainError(error);
    process.stderr.write(`trainer: ${code}: ${message}\n`);
    process.exit(1);
  });
}

async function main(adaptation: URL): Promise<void> {
  const settings = readTrainerSettings();
  const logger = createLogger('trainer', settings.LOG_LEVEL);
  const metrics = new TrainerMetrics();
  const engine = chosenEngine(settings);
  await openTrainingEngine(engine); // one that is not there stops the start, not the first run
  const bases = await readLocalBases(await locateBaseModels(settings.MODEL_DIRECTORIES, settings.MODEL_LIBRARY));
  await mentionJudges(bases, logger);
  const database = await Database.open(await connectionUrls(settings), {
    statementTimeoutMs: settings.DATABASE_STATEMENT_TIMEOUT_MS,
  });
  const parts = { settings, database, bases, engine, adaptation, metrics, logger };
  const app = await NestFactory.createApplicationContext(TrainerModule.of(parts), { logger: new NestLogger(logger) });
  const trainer = app.get(TrainerService);
  const metricsServer =
    settings.METRICS_PORT === undefined
      ? undefined
      : await MetricsServer.listen({ port: settings.METRICS_PORT, metrics, isReady: () => trainer.isReady() });

  let isStopping = false;
  const stop = async (): Promise<void> => {
    if (isStopping) return;
    isStopping = true;
    setTimeout(() => process.exit(1), settings.SHUTDOWN_TIMEOUT_MS).unref();
    await trainer.stop();
    await app.close();
    await metricsServer?.close();
    process.exit(0);
  };
  const stopOrFail = (): void =>
    void stop().catch((error: unknown) => {
      logger.fatal({ err: error }, 'the trainer could not stop cleanly');
      process.exit(1);
    });
  process.on('SIGTERM', stopOrFail);
  process.on('SIGINT', stopOrFail);

  trainer.start();
  logger.info({ metricsPort: metricsServer?.port, bases: [...bases.keys()] }, 'working');
}

/** Says of bases without pictures how content is judged, or that every run will be refused, before one has taken its time. */
async function mentionJudges(bases: LocalBases, logger: Logger): Promise<void> {
  for (const [base, { folder, description }] of bases) {
    if (await hasBaseReplay(folder)) continue;
    try {
      const { clip } = await openBaseModel(folder, description);
      if (hasTextTower(clip)) {
        logger.info({ base }, 'brings no pictures to replay: content is judged by its CLIP (docs/models.md)');
      } else {
        const lacking = 'brings neither pictures to replay nor a CLIP with a text tower';
        logger.warn({ base }, `${lacking}: until it does, no mapper is promoted on it (docs/models.md)`);
      }
    } catch (error) {
      logger.error({ base, err: error }, 'cannot be opened: its runs will fail, those on other bases go on');
    }
  }
}

const chosenEngine = ({ TRAINER_ENGINE: name, TENSORFLOW_FOLDER }: TrainerSettings): TrainingEngineChoice => ({
  name,
  ...(TENSORFLOW_FOLDER !== undefined && { tensorFlowFolder: TENSORFLOW_FOLDER }),
});
