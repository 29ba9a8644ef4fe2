import { rm, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { prepareDatabase } from '@housestyle/database';
import type { TestProject } from 'vitest/node';
import { EmbeddedPostgresService } from '../../apps/standalone/dist/embedded-postgres.service.js';
import { createDatabase } from './postgres.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** the administrator's URL of the run's one PostgreSQL; `createTestDatabase` makes databases in it */
    postgresAdminUrl: string;
    /** a migrated database to copy */
    postgresTemplate: string;
  }
}

/** One server per run: the one that `npm start` embeds, its data in a temporary folder. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = await mkdtemp(path.join(tmpdir(), 'housestyle-postgres-'));
  const server = new EmbeddedPostgresService(directory);
  const adminUrl = await server.start();
  const template = await createDatabase(adminUrl, 'template');
  await prepareDatabase(template.url);
  project.provide('postgresAdminUrl', adminUrl);
  project.provide('postgresTemplate', template.name);
  return async () => {
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  };
}
