import { randomUUID } from 'node:crypto';
import { Database, type Transaction } from '@housestyle/database';
import type { TenantId } from '@housestyle/domain';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { QUEUE_GRANTS } from './queue-grants.js';
import { catalogueBreaches, type Query } from './tenant-catalogue.js';
import { columnsOf, fillEveryTable, tenantTables } from './tenant-rows.js';

/** The names by which the queue role finds its work; everything else that anyone wrote is not for it. */
const NAMES_FOR_THE_QUEUE = [
  'api_key.hash',
  'api_key.prefix',
  'api_key.scopes',
  'asset.asset_id',
  'asset.version',
  'bucket_mapping.bucket',
  'bucket_mapping.prefix',
  'outbox.key',
  'tenant.base_model',
  'training_schedule.cron',
];

const CANARY = `canary${randomUUID().replaceAll('-', '')}`;

let test: TestDatabase;
let admin: pg.Client;
let app: pg.Client;
let queue: pg.Client;
let mine: TenantId;
let theirs: TenantId;
let tables: string[];

beforeAll(async () => {
  test = await createTestDatabase();
  [admin, app, queue] = [test.adminUrl, test.appUrl, test.queueUrl].map(
    (connectionString) => new pg.Client({ connectionString }),
  ) as [pg.Client, pg.Client, pg.Client];
  await Promise.all([admin.connect(), app.connect(), queue.connect()]);
  [mine, theirs] = [await test.provision(), await test.provision({ baseModel: CANARY })];
  await fillEveryTable(admin, mine, 'mine');
  await fillEveryTable(admin, theirs, CANARY);
  tables = await tenantTables(admin);
});
afterAll(async () => {
  await Promise.all([admin.end(), app.end(), queue.end()]);
  await test.drop();
});

/** What `work` makes of a transaction of its own, which leaves nothing behind. */
async function inTransaction<T>(client: pg.Client, tenant: TenantId | undefined, work: () => Promise<T>): Promise<T> {
  await client.query('BEGIN');
  try {
    if (tenant) await client.query(`SELECT set_config('housestyle.tenant_id', $1, true)`, [tenant]);
    return await work();
  } finally {
    await client.query('ROLLBACK');
  }
}

/** Rows that `sql` reached, 0 when it was refused. Any other failure is a failure of the test. */
const reached = (sql: string): Promise<number> =>
  inTransaction(app, mine, async () => {
    try {
      return (await app.query(sql)).rowCount ?? 0;
    } catch (error) {
      expect(String(error), sql).toMatch(/row-level security|permission denied/);
      return 0;
    }
  });

describe('the catalogue', () => {
  const asAdmin: Query = async <Row extends pg.QueryResultRow>(sql: string, values?: unknown[]) =>
    (await admin.query<Row>(sql, values)).rows;

  it('keeps every table’s tenants apart', async () => {
    expect(await catalogueBreaches(asAdmin)).toEqual([]);
  });

  it.each([
    ['CREATE TABLE notes (id int)', 'notes has no tenant_id NOT NULL'],
    ['CREATE TABLE notes (tenant_id uuid)', 'notes has no tenant_id NOT NULL'],
    ['CREATE TABLE notes (tenant_id uuid NOT NULL)', 'notes does not ENABLE row-level security'],
    ['ALTER TABLE review NO FORCE ROW LEVEL SECURITY', 'review does not FORCE row-level security'],
    ['ALTER TABLE review OWNER TO housestyle_app', 'housestyle_app owns review'],
    ['DROP POLICY own_tenant ON review', 'housestyle_app may SELECT review without a policy that has USING'],
    [
      'DROP POLICY own_tenant ON review, CREATE POLICY own_tenant ON review FOR SELECT USING (tenant_id = gen_random_uuid())',
      'housestyle_app may INSERT review without a policy that has WITH CHECK',
    ],
    [
      'CREATE POLICY generous ON review TO housestyle_app USING (true) WITH CHECK (true)',
      'housestyle_app may SELECT review by USING true, which is not its tenant’s',
    ],
    ['GRANT SELECT ON review TO PUBLIC', 'housestyle_queue may SELECT review without a policy that has USING'],
    ['CREATE VIEW all_reviews AS SELECT * FROM review', 'all_reviews is no table'],
    [`CREATE FUNCTION peek() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'`, 'peek is SECURITY DEFINER'],
    ['GRANT TRUNCATE ON review TO housestyle_app', 'housestyle_app may TRUNCATE review'],
    ['GRANT SELECT ON _prisma_migrations TO housestyle_app', 'housestyle_app may SELECT _prisma_migrations'],
    ['GRANT housestyle_queue TO housestyle_app', 'housestyle_app is a member of another role'],
    ['ALTER ROLE housestyle_queue BYPASSRLS', 'housestyle_queue has BYPASSRLS'],
    ['ALTER ROLE housestyle_app CREATEROLE', 'housestyle_app may create roles'],
  ])('is found out: %s', async (sql, breach) => {
    const found = await inTransaction(admin, undefined, async () => {
      for (const statement of sql.split(', CREATE ')) {
        await admin.query(statement.startsWith('POLICY') ? `CREATE ${statement}` : statement);
      }
      return catalogueBreaches(asAdmin);
    });
    expect(found.join('\n').replaceAll('’', "'")).toContain(breach.replaceAll('’', "'"));
  });
});

describe('the app role, in every table of the catalogue', () => {
  it('has something to find', async () => {
    for (const table of tables) {
      const { rowCount } = await admin.query(`SELECT FROM "${table}" WHERE tenant_id = $1`, [theirs]);
      expect(rowCount, table).toBeGreaterThan(0);
    }
  });

  it('reads, changes and deletes nothing of another tenant’s, and hands it nothing', async () => {
    for (const table of tables) {
      expect(await reached(`SELECT FROM "${table}" WHERE tenant_id = '${theirs}'`), table).toBe(0);
      expect(await reached(`SELECT FROM "${table}" WHERE tenant_id <> '${mine}'`), table).toBe(0);
      expect(await reached(`DELETE FROM "${table}" WHERE tenant_id = '${theirs}'`), table).toBe(0);
      expect(await reached(`INSERT INTO "${table}" (tenant_id) VALUES ('${theirs}')`), table).toBe(0);
      expect(await reached(`UPDATE "${table}" SET tenant_id = '${theirs}'`), table).toBe(0);
      for (const { name } of await columnsOf(admin, table)) {
        const change = `UPDATE "${table}" SET "${name}" = "${name}" WHERE tenant_id = '${theirs}'`;
        expect(await reached(change), `${table}.${name}`).toBe(0);
      }
    }
    expect(await reached(`SELECT FROM tenant WHERE id <> '${mine}'`)).toBe(0);
  });

  it('learns nothing from what the planner remembers of the others’ values', async () => {
    await admin.query('ANALYZE');
    const sql = `SELECT tablename FROM pg_stats WHERE schemaname = 'public'`;
    expect((await admin.query(sql)).rowCount).toBeGreaterThan(0);
    for (const client of [app, queue]) expect((await client.query(sql)).rows).toEqual([]);
  });

  it('does reach its own, so that nothing above is refused for another reason', async () => {
    for (const table of tables) expect(await reached(`SELECT FROM "${table}"`), table).toBeGreaterThan(0);
    expect(await reached(`UPDATE review SET "text" = "text"`)).toBe(1);
  });
});

describe('the queue role, in every column of the catalogue', () => {
  it('may read the listed columns and is refused every other one', async () => {
    const seen: string[] = [];
    const withCanary: string[] = [];
    let refused = 0;
    for (const table of [...tables, 'tenant', '_prisma_migrations']) {
      for (const { name } of await columnsOf(admin, table)) {
        try {
          const { rows } = await inTransaction(queue, theirs, () =>
            queue.query<{ value: string | null }>(`SELECT "${name}"::text AS value FROM "${table}"`),
          );
          seen.push(`${table}.${name}`);
          const hex = Buffer.from(CANARY).toString('hex');
          if (rows.some(({ value }) => value?.includes(CANARY) || value?.includes(hex))) {
            withCanary.push(`${table}.${name}`);
          }
        } catch (error) {
          expect(String(error), `${table}.${name}`).toMatch(/permission denied/);
          refused += 1;
        }
      }
    }
    const granted = Object.entries(QUEUE_GRANTS).filter(([name]) => name.endsWith(' SELECT'));
    expect(seen.sort()).toEqual(
      granted.flatMap(([name, columns]) => columns.map((column) => `${name.split(' ')[0]}.${column}`)).sort(),
    );
    expect(withCanary.sort()).toEqual(NAMES_FOR_THE_QUEUE);
    console.log(`the queue role: ${seen.length} columns readable, ${refused} refused, in ${tables.length + 2} tables`);
  });

  it('cannot find out by a condition, an order or an error what it may not read', async () => {
    for (const sql of [
      `SELECT 1 FROM suggestion WHERE text LIKE 'a%'`,
      `SELECT id FROM asset ORDER BY uri`,
      `SELECT count(*) FROM review`,
      `SELECT 1 FROM asset WHERE asset IS NOT NULL`,
      `UPDATE asset SET leased_by = uri`,
      `UPDATE outbox SET last_error = payload::text`,
      `INSERT INTO asset (tenant_id, asset_id, version, uri) SELECT tenant_id, 'a', 'b', uri FROM asset`,
      `INSERT INTO asset (tenant_id, asset_id, version, uri) VALUES ('${mine}', 'a', 'b', 'c') RETURNING uri`,
    ]) {
      await expect(
        inTransaction(queue, mine, () => queue.query(sql)),
        sql,
      ).rejects.toThrow(/permission denied/);
    }
  });
});

describe('a pool of one connection', () => {
  let single: Database;
  beforeAll(async () => {
    single = await Database.open(test, { maxConnections: 1 });
  });
  afterAll(() => single.close());

  const look = (rows: Transaction) =>
    rows.$queryRaw<{ pid: number; tenants: string[] }[]>`
      SELECT pg_backend_pid() AS pid, array_agg(DISTINCT tenant_id::text) AS tenants FROM suggestion`;

  /** What the same connection sees when nobody has said whose it is. */
  const lookOutside = async (): Promise<{ pid: number; count: number; context: string }> => {
    const { app: client } = single as unknown as { app: Transaction };
    const [row] = await client.$queryRaw<{ pid: number; count: number; context: string }[]>`
      SELECT pg_backend_pid() AS pid, (SELECT count(*)::int FROM suggestion) AS count,
        coalesce(current_setting('housestyle.tenant_id', true), '') AS context`;
    return row!;
  };

  it('carries no tenant over, however the transaction ended', async () => {
    const [first] = await single.forTenant(mine, look);
    expect(first!.tenants).toEqual([mine]);
    expect(await lookOutside()).toEqual({ pid: first!.pid, count: 0, context: '' });
    await expect(single.forTenant(theirs, () => Promise.reject(new Error('given up')))).rejects.toThrow('given up');
    expect(await lookOutside()).toEqual({ pid: first!.pid, count: 0, context: '' });
    await expect(single.forTenant(theirs, (rows) => rows.$queryRaw`SELECT 1/0`)).rejects.toThrow();
    expect(await lookOutside()).toEqual({ pid: first!.pid, count: 0, context: '' });
    const [second] = await single.forTenant(theirs, look);
    expect(second).toEqual({ pid: first!.pid, tenants: [theirs] });
  });

  it('serves 200 transactions of two tenants at once, each with its own rows', async () => {
    const asked = Array.from({ length: 200 }, (_, index) => (index % 3 === 0 ? mine : theirs));
    const answers = await Promise.all(asked.map((tenant) => single.forTenant(tenant, look)));
    expect(answers.map(([row]) => row!.tenants)).toEqual(asked.map((tenant) => [tenant]));
    expect(new Set(answers.map(([row]) => row!.pid)).size).toBe(1);
  });

  it('has no tenant outside a transaction that could be left behind', async () => {
    await expect(single.forTenant('' as TenantId, look)).resolves.toMatchObject([{ tenants: null }]);
    expect((await lookOutside()).count).toBe(0);
  });
});
