import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { DomainError } from '@housestyle/domain';
import pg from 'pg';

/** The project's migrations, seen from `src` and `dist` alike. */
export const MIGRATIONS_DIRECTORY = fileURLToPath(new URL('../../../prisma/migrations/', import.meta.url));

/** The lock `prisma migrate` takes, so that it and this runner exclude each other. */
const MIGRATION_LOCK = 72707369;

const MIGRATIONS_TABLE = `
  CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
    "id"                  VARCHAR(36) PRIMARY KEY NOT NULL,
    "checksum"            VARCHAR(64) NOT NULL,
    "finished_at"         TIMESTAMPTZ,
    "migration_name"      VARCHAR(255) NOT NULL,
    "logs"                TEXT,
    "rolled_back_at"      TIMESTAMPTZ,
    "started_at"          TIMESTAMPTZ NOT NULL DEFAULT now(),
    "applied_steps_count" INTEGER NOT NULL DEFAULT 0
  )`;

interface Migration {
  readonly name: string;
  readonly sql: string;
  /** sha256 of the file, lower-case hex */
  readonly checksum: string;
}

interface MigrationRecord {
  readonly migration_name: string;
  readonly checksum: string;
  readonly finished_at: Date | null;
}

/**
 * Applies what `prisma/migrations` holds and the database lacks, in order, each in a transaction of its own,
 * and records it as `prisma migrate deploy` would. Any number of processes may call it at once. A database
 * that is ahead of the files is left alone, so that the previous release can run beside the next.
 *
 * @param adminUrl a direct connection (no transaction pooler) that may create tables and roles
 * @returns the names applied by this call
 * @throws DomainError `invalid_settings` when an applied migration's file was edited, or one is half applied
 */
export async function migrate(adminUrl: string, directory = MIGRATIONS_DIRECTORY): Promise<string[]> {
  const migrations = await readMigrations(directory);
  return withMigrationLock(adminUrl, async (client) => {
    const applied = await appliedMigrations(client);
    const pending = migrations.filter((migration) => !isApplied(migration, applied));
    for (const migration of pending) await apply(client, migration);
    return pending.map(({ name }) => name);
  });
}

/** For its turn, and for what a migration locks: nobody's statement may queue behind one that queues for ever. */
const LOCK_TIMEOUT_MS = 120_000;
const CONNECTION_TIMEOUT_MS = 20_000;

/** Runs `work` on one administrator's connection while no other process migrates this database. */
export async function withMigrationLock<T>(adminUrl: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString: adminUrl,
    application_name: 'housestyle-migrate',
    connectionTimeoutMillis: CONNECTION_TIMEOUT_MS,
    lock_timeout: LOCK_TIMEOUT_MS,
    keepAlive: true,
  });
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    return await work(client);
  } finally {
    // ending the session gives the lock back
    await client.end();
  }
}

async function readMigrations(directory: string): Promise<Migration[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  return Promise.all(
    names.sort().map(async (name) => {
      const bytes = await readFile(path.join(directory, name, 'migration.sql'));
      return { name, sql: bytes.toString('utf8'), checksum: createHash('sha256').update(bytes).digest('hex') };
    }),
  );
}

async function appliedMigrations(client: pg.Client): Promise<Map<string, MigrationRecord>> {
  await client.query(MIGRATIONS_TABLE);
  const { rows } = await client.query<MigrationRecord>(
    'SELECT migration_name, checksum, finished_at FROM "_prisma_migrations" WHERE rolled_back_at IS NULL',
  );
  return new Map(rows.map((row) => [row.migration_name, row]));
}

function isApplied(migration: Migration, applied: ReadonlyMap<string, MigrationRecord>): boolean {
  const record = applied.get(migration.name);
  if (!record) return false;
  if (!record.finished_at) {
    throw new DomainError(
      'invalid_settings',
      `migration ${migration.name} is half applied: see prisma migrate resolve`,
    );
  }
  if (record.checksum !== migration.checksum) {
    throw new DomainError('invalid_settings', `migration ${migration.name} was edited after it had been applied`);
  }
  return true;
}

async function apply(client: pg.Client, migration: Migration): Promise<void> {
  const startedAt = new Date();
  await client.query('BEGIN');
  try {
    await client.query(migration.sql);
    await client.query(
      `INSERT INTO "_prisma_migrations" (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, $4, clock_timestamp(), 1)`,
      [randomUUID(), migration.checksum, migration.name, startedAt],
    );
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}
