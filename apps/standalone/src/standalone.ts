import { describeBaseModel, locateBaseModels } from '@housestyle/checkpoints';
import { Database, prepareDatabase } from '@housestyle/database';
import { DomainError, toDomainError } from '@housestyle/domain';
import type { Environment, StandaloneSettings } from '@housestyle/settings';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ChildApp } from './child-app.js';
import { landSamples, provisionDemoTenants, type DemoTenant } from './demo-library.js';
import { EmbeddedPostgresService } from './embedded-postgres.service.js';
import { freePort } from './free-port.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** a captioner verifies and loads its base models first: a gigabyte takes half a minute on a busy machine */
const READY_TIMEOUT_MS = 180_000;

export interface RunningStandalone {
  readonly url: string;
  readonly tenants: readonly DemoTenant[];
  /** that the tenants' pictures are captioned with, by name */
  readonly baseModel: string;
}

/** Everything on one machine: a database, then the apps as child processes; each part may be replaced by one elsewhere. */
export class Standalone {
  private readonly directory: string;
  private readonly postgres: EmbeddedPostgresService;
  /** in the order they stop: who takes work before who does it. */
  private apps: ChildApp[] = [];

  constructor(
    private readonly settings: StandaloneSettings,
    private readonly onGivingUp: (app: string) => void,
  ) {
    this.directory = resolve(settings.HOUSESTYLE_DATA);
    this.postgres = new EmbeddedPostgresService(this.directory);
  }

  async start(): Promise<RunningStandalone> {
    const bases = await this.locateBases();
    const baseModel = await nameOfBase(bases[0]!);
    await mkdir(this.directory, { recursive: true });
    const captionerAddress = this.settings.CAPTIONER_ADDRESS ?? (await this.startCaptioner(bases));
    const databaseUrl = this.settings.DATABASE_URL ?? (await this.postgres.start());
    const tenants = await this.prepare(databaseUrl, baseModel);
    await this.startApp('pipeline', {
      DATABASE_URL: databaseUrl,
      CAPTIONER_ADDRESS: captionerAddress,
      KAFKA_BROKERS: this.settings.KAFKA_BROKERS?.join(','),
      UPLOAD_STORE: join(this.directory, 'uploads'),
      FILE_ROOTS: join(ROOT, 'samples'),
    });
    await this.startApp('trainer', {
      DATABASE_URL: databaseUrl,
      MODEL_DIRECTORIES: bases.join(','),
      ARTEFACT_STORE: join(this.directory, 'artefacts'),
    });
    const port = this.settings.PORT || (await freePort());
    await this.startApp(
      'api',
      {
        DATABASE_URL: databaseUrl,
        PORT: String(port),
        CAPTIONER_ADDRESS: captionerAddress,
        UPLOAD_STORE: join(this.directory, 'uploads'),
      },
      port,
    );
    await Promise.all(this.apps.map((app) => app.ready(READY_TIMEOUT_MS)));
    return { url: `http://localhost:${port}`, tenants, baseModel };
  }

  async stop(): Promise<void> {
    for (const app of this.apps) await app.stop();
    await this.postgres.stop();
  }

  /** Their folders, the demo tenants' first. */
  private async locateBases(): Promise<string[]> {
    const { MODEL_DIRECTORIES: given = [], MODEL_LIBRARY } = this.settings;
    const folders = await locateBaseModels(given, MODEL_LIBRARY);
    return folders.length > 0 ? folders.map((folder) => resolve(folder)) : [join(ROOT, 'models/demo')];
  }

  private async startCaptioner(bases: readonly string[]): Promise<string> {
    const port = await freePort();
    await this.startApp('captioner', {
      CAPTIONER_PORT: String(port),
      MODEL_DIRECTORIES: bases.join(','),
      ARTEFACT_STORE: join(this.directory, 'artefacts'),
      MAPPER_CACHE: join(this.directory, 'mapper-cache'),
    });
    return `127.0.0.1:${port}`;
  }

  /** @param httpPort where `/readyz` answers; undefined: on a metrics port of its own */
  private async startApp(app: string, environment: Environment, httpPort?: number): Promise<void> {
    const port = httpPort ?? (await freePort());
    const child = new ChildApp({
      app,
      environment: {
        LOG_LEVEL: this.settings.LOG_LEVEL,
        ...(httpPort === undefined ? { METRICS_PORT: String(port) } : {}),
        ...environment,
      },
      readyUrl: `http://127.0.0.1:${port}/readyz`,
      onGivingUp: this.onGivingUp,
    });
    this.apps.unshift(child);
    child.start();
  }

  private async prepare(adminUrl: string, baseModel: string): Promise<DemoTenant[]> {
    const urls = await prepareDatabase(adminUrl);
    const firstKey = this.settings.HOUSESTYLE_API_KEY;
    const tenants = await provisionDemoTenants(adminUrl, this.directory, { baseModel, firstKey });
    const database = await Database.open(urls, { maxConnections: 1 });
    await landSamples(database, join(ROOT, 'samples'));
    await database.close();
    return tenants;
  }
}

/** @throws DomainError that begins with the variable's name */
async function nameOfBase(folder: string): Promise<string> {
  try {
    return (await describeBaseModel(folder)).name;
  } catch (error) {
    const { code, message } = toDomainError(error);
    throw new DomainError(code, `MODEL_DIRECTORIES: ${message}`, { cause: error });
  }
}
