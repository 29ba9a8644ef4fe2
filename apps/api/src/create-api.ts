import { NestFactory } from '@nestjs/core';
import { StandardSchemaValidationPipe } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { DomainError, toDomainError } from '@housestyle/domain';
import { CaptionerClient } from '@housestyle/contracts/captioner';
import { connectionUrls, Database } from '@housestyle/database';
import { openObjectStore } from '@housestyle/object-store';
import { captionerTls, type ApiSettings } from '@housestyle/settings';
import { Metrics, NestLogger, type Logger } from '@housestyle/telemetry';
import { apiModule, type Outside } from './api.module.js';
import { serveOpenApi } from './openapi/openapi-document.js';
import { measureRequests } from './operations/measure-requests.js';
import { reviewPageFolder, serveReviewPage } from './page/review-page.js';
import { securityHeaders } from './page/security-headers.js';
import { HttpProblemFilter } from './problems/http-problem.filter.js';
import { InvalidRequestError } from './problems/to-http-problem.js';

const MAX_JSON_BYTES = 256 * 1024;

export interface RunningApi {
  /** `http://host:port` */
  readonly url: string;
  /** Ends the event streams, lets running requests finish, then lets go of the database. */
  close(): Promise<void>;
}

/**
 * Migrates the database, then serves.
 * @throws DomainError `invalid_settings`, naming the variable, when it cannot start with these.
 */
export async function startApi(settings: ApiSettings, logger: Logger): Promise<RunningApi> {
  const pageFolder = reviewPageFolder(settings.REVIEW_PAGE);
  const tls = captionerTls(settings);
  const s3 = { endpoint: settings.S3_ENDPOINT, region: settings.S3_REGION };
  const uploadStore = await opened('UPLOAD_STORE', async () => openObjectStore(settings.UPLOAD_STORE, s3));
  const database = await opened('DATABASE_URL', async () =>
    Database.open(await connectionUrls(settings), { statementTimeoutMs: settings.DATABASE_STATEMENT_TIMEOUT_MS }),
  );
  const captioner = new CaptionerClient(settings.CAPTIONER_ADDRESS, tls);
  try {
    const outside = { settings, database, uploadStore, captioner, metrics: new Metrics('api'), logger };
    const app = await createApp(outside, pageFolder);
    await opened('PORT', () => app.listen(settings.PORT, settings.HOST));
    return {
      url: await app.getUrl(),
      async close() {
        await app.close();
        captioner.close();
        await database.close();
      },
    };
  } catch (error) {
    captioner.close();
    await database.close();
    throw error;
  }
}

/** The application over what was opened for it; not listening yet. */
export async function createApp(outside: Outside, pageFolder?: string): Promise<NestExpressApplication> {
  const { settings, metrics, logger } = outside;
  const app = await NestFactory.create<NestExpressApplication>(apiModule(outside), {
    logger: new NestLogger(logger),
    bodyParser: false,
    abortOnError: false,
  });
  app.disable('x-powered-by');
  app.use(securityHeaders(settings.SECURE_COOKIES));
  app.use(measureRequests(metrics));
  app.useBodyParser('json', { limit: MAX_JSON_BYTES });
  if (pageFolder) serveReviewPage(app, pageFolder);
  app.useGlobalFilters(new HttpProblemFilter(logger));
  app.useGlobalPipes(new StandardSchemaValidationPipe({ exceptionFactory: toInvalidRequest }));
  serveOpenApi(app);
  return app;
}

/** What a variable leads to; a failure names the variable. */
async function opened<T>(variable: keyof ApiSettings, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (cause) {
    const { message } = toDomainError(cause);
    throw new DomainError('invalid_settings', `wrong settings:\n  ${variable}: ${message}`, { cause });
  }
}

type Issues = Parameters<
  NonNullable<ConstructorParameters<typeof StandardSchemaValidationPipe>[0]>['exceptionFactory'] & object
>[0];

function toInvalidRequest(issues: Issues): InvalidRequestError {
  return new InvalidRequestError(
    issues.map(({ path = [], message }) => ({
      path: path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.'),
      message,
    })),
  );
}
