import 'reflect-metadata';
import { DomainError } from '@housestyle/domain';
import { readApiSettings } from '@housestyle/settings';
import { createLogger } from '@housestyle/telemetry';
import { startApi } from './create-api.js';

/** Exit codes: 0 stopped when asked to, 1 could not start or had to be cut off. */
async function main(): Promise<void> {
  const settings = readApiSettings();
  const logger = createLogger('api', settings.LOG_LEVEL);
  const api = await startApi(settings, logger);
  logger.info({ url: api.url }, 'listening');

  const stop = (signal: NodeJS.Signals): void => {
    logger.info({ signal }, 'stopping');
    setTimeout(() => {
      logger.error('requests were still running at the end of SHUTDOWN_TIMEOUT_MS');
      process.exit(1);
    }, settings.SHUTDOWN_TIMEOUT_MS).unref();
    api.close().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ err: error }, 'could not stop cleanly');
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

main().catch((error: unknown) => {
  const isSettings = error instanceof DomainError && error.code === 'invalid_settings';
  console.error(isSettings ? error.message : error);
  process.exit(1);
});
