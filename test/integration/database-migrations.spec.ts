import { createHash } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rm, writeFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Database, migrate, MIGRATIONS_DIRECTORY, prepareDatabase, provisionTenants } from '@housestyle/database';
import { LEAST_PICTURES, tenantId } from '@housestyle/domain';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { createDatabase } from '../support/postgres.js';

let directory: string;
let client: pg.Client;
let url: string;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'housestyle-migrations-'));
  await cp(MIGRATIONS_DIRECTORY, directory, { recursive: true });
  ({ url } = await createDatabase(inject('postgresAdminUrl'), 'migrations'));
  client = new pg.Client({ connectionString: url });
  await client.connect();
});
afterEach(async () => {
  await client.end();
  await rm(directory, { recursive: true, force: true });
});

const names = async () => (await readdir(MIGRATIONS_DIRECTORY)).filter((name) => /^\d/.test(name)).sort();
const records = async () =>
  (await client.query<Record<string, unknown>>('SELECT * FROM _prisma_migrations ORDER BY started_at')).rows;

async function addMigration(name: string, sql: string): Promise<string> {
  await mkdir(path.join(directory, name));
  const file = path.join(directory, name, 'migration.sql');
  await writeFile(file, sql);
  return file;
}

describe('the migration runner', () => {
  it('names migrations as sentences', async () => {
    for (const name of await names()) expect(name).toMatch(/^\d{14}(_[a-z0-9]+){3,}$/);
  });

  it('writes a semicolon only where a statement ends, because Prisma’s driver adapters cut there', async () => {
    for (const name of await names()) {
      const sql = await readFile(path.join(MIGRATIONS_DIRECTORY, name, 'migration.sql'), 'utf8');
      expect(sql.split('\n').filter((line) => /;./.test(line) || /--.*;/.test(line))).toEqual([]);
    }
  });

  it('applies everything once, and records it as Prisma would', async () => {
    expect(await migrate(url)).toEqual(await names());
    expect(await migrate(url)).toEqual([]);
    for (const record of await records()) {
      const file = await readFile(path.join(MIGRATIONS_DIRECTORY, String(record['migration_name']), 'migration.sql'));
      expect(record).toMatchObject({
        checksum: createHash('sha256').update(file).digest('hex'),
        applied_steps_count: 1,
        logs: null,
        rolled_back_at: null,
        finished_at: expect.any(Date) as Date,
      });
    }
  });

  it('applies everything once when eight processes start at the same time', async () => {
    const applied = await Promise.all(Array.from({ length: 8 }, () => migrate(url)));
    expect(applied.flat()).toEqual(await names());
    expect(await records()).toHaveLength((await names()).length);
  });

  it('applies a later migration on top', async () => {
    await migrate(url, directory);
    await addMigration('29990101000000_add_a_table', 'CREATE TABLE later (id int); INSERT INTO later VALUES (1);');
    expect(await migrate(url, directory)).toEqual(['29990101000000_add_a_table']);
    // and the release before it still starts
    expect(await migrate(url)).toEqual([]);
  });

  it('refuses an edited migration', async () => {
    await migrate(url, directory);
    const [first] = await names();
    const file = path.join(directory, first!, 'migration.sql');
    await writeFile(file, `${await readFile(file, 'utf8')}-- a harmless comment\n`);
    await expect(migrate(url, directory)).rejects.toMatchObject({
      code: 'invalid_settings',
      message: `migration ${first} was edited after it had been applied`,
    });
  });

  it('leaves nothing of a migration that fails, and applies it once it is right', async () => {
    await migrate(url, directory);
    const file = await addMigration('29990101000000_break_in_the_middle', 'CREATE TABLE half (id int); SELECT 1/0;');
    await expect(migrate(url, directory)).rejects.toThrow('division by zero');
    expect((await client.query(`SELECT to_regclass('half') AS half`)).rows).toEqual([{ half: null }]);
    await writeFile(file, 'CREATE TABLE half (id int);');
    expect(await migrate(url, directory)).toEqual(['29990101000000_break_in_the_middle']);
  });

  it('stops at a migration that Prisma left half applied', async () => {
    await migrate(url, directory);
    await client.query('UPDATE _prisma_migrations SET finished_at = NULL');
    await expect(migrate(url, directory)).rejects.toMatchObject({ code: 'invalid_settings' });
  });
});

describe('an administrator who is no superuser', () => {
  const id = tenantId('7b0c2a52-95a7-4a4e-a6f5-3c9d0d9b7a10');

  /** @returns the url by which the database's own owner comes */
  async function createOwner(): Promise<string> {
    const owner = new URL(url);
    owner.username = `owner_${path.basename(owner.pathname).slice(-12)}`;
    owner.password = 'correct-horse';
    await client.query(`CREATE ROLE "${owner.username}" LOGIN CREATEROLE PASSWORD '${owner.password}'`);
    await client.query(`ALTER DATABASE "${owner.pathname.slice(1)}" OWNER TO "${owner.username}"`);
    return owner.toString();
  }

  it('raises what schedules ask for to what the gate does', async () => {
    const ownerUrl = await createOwner();
    const [raising] = (await names()).filter((name) => name.endsWith('_ask_for_no_fewer_pictures_than_the_gate'));
    await rm(path.join(directory, raising!), { recursive: true });
    await migrate(ownerUrl, directory);
    const other = tenantId('7b0c2a52-95a7-4a4e-a6f5-3c9d0d9b7a11');
    const tenants = [id, other].map((tenant) => ({ id: tenant, name: 'T', baseModel: 'demo' }));
    await provisionTenants(ownerUrl, tenants);
    const schedules = 'INSERT INTO training_schedule (tenant_id, is_enabled, minimum_samples) VALUES ($1, true, $2)';
    for (const values of [
      [id, 5],
      [other, 30],
    ])
      await client.query(schedules, values);

    expect(await migrate(ownerUrl)).toEqual([raising]);
    const { rows } = await client.query('SELECT minimum_samples AS least FROM training_schedule ORDER BY tenant_id');
    expect(rows).toEqual([{ least: LEAST_PICTURES }, { least: 30 }]);
    const { rows: tables } = await client.query(
      `SELECT relforcerowsecurity AS "isForced" FROM pg_class WHERE oid = 'training_schedule'::regclass`,
    );
    expect(tables).toEqual([{ isForced: true }]);
  });

  it('can migrate and provision: forced row-level security binds the owner as well', async () => {
    const ownerUrl = await createOwner();
    expect(await migrate(ownerUrl)).toEqual(await names());
    await provisionTenants(ownerUrl, [{ id, name: 'T', baseModel: 'demo', apiKey: 'of a tenant of an owner' }]);

    const asOwner = new pg.Client({ connectionString: ownerUrl });
    await asOwner.connect();
    try {
      expect((await asOwner.query('SELECT 1 FROM tenant')).rowCount).toBe(0);
    } finally {
      await asOwner.end();
    }
  });
});

describe('prepareDatabase', () => {
  it('lets both roles in, from many processes at once, and opens', async () => {
    const all = await Promise.all(Array.from({ length: 6 }, () => prepareDatabase(url)));
    expect(new Set(all.map(({ appUrl }) => appUrl)).size).toBe(1);
    const database = await Database.open(all[0]!);
    try {
      await database.ping();
    } finally {
      await database.close();
    }
  });
});
