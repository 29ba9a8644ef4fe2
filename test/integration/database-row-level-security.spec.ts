import { APP_ROLE, Database, LandingRepository, QUEUE_ROLE } from '@housestyle/database';
import type { TenantId } from '@housestyle/domain';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { waitFor } from '../support/wait-for.js';
import { captionOne } from './caption-one.js';
import { QUEUE_GRANTS } from './queue-grants.js';
import { fillEveryTable } from './tenant-rows.js';

/** Tables no tenant owns; every other one must carry tenant_id. */
const WITHOUT_TENANT_ID = ['_prisma_migrations', 'tenant'];

let test: TestDatabase;
let app: pg.Client;
let queue: pg.Client;
let mine: TenantId;
let theirs: TenantId;

beforeAll(async () => {
  test = await createTestDatabase();
  app = new pg.Client({ connectionString: test.appUrl });
  queue = new pg.Client({ connectionString: test.queueUrl });
  await Promise.all([app.connect(), queue.connect()]);
  [mine, theirs] = [await populatedTenant(1), await populatedTenant(2)];
});
afterAll(async () => {
  await Promise.all([app.end(), queue.end()]);
  await test.drop();
});

/** A tenant with at least one row in every table. */
async function populatedTenant(n: number): Promise<TenantId> {
  const tenant = await test.provision({
    apiKey: `the key of tenant ${n}, long enough`,
    bucketMappings: [{ bucket: `b${n}` }],
  });
  await captionOne(test.database, tenant);
  const admin = new pg.Client({ connectionString: test.adminUrl });
  await admin.connect();
  await fillEveryTable(admin, tenant, `of tenant ${n}`);
  await admin.end();
  return tenant;
}

const tenantTables = async (): Promise<string[]> => {
  const rows = await test.query<{ name: string }>(`
    SELECT DISTINCT c.relname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attname = 'tenant_id' ORDER BY 1`);
  return rows.map(({ name }) => name);
};

/** Runs `sql` on `client` in the context of `tenant`, and rolls back. */
async function within(client: pg.Client, tenant: string | undefined, sql: string): Promise<pg.QueryResult> {
  await client.query('BEGIN');
  try {
    if (tenant !== undefined) await client.query(`SELECT set_config('housestyle.tenant_id', $1, true)`, [tenant]);
    return await client.query(sql);
  } finally {
    await client.query('ROLLBACK');
  }
}

const refused = (sql: string, tenant = mine) =>
  expect(within(app, tenant, sql), sql).rejects.toThrow(/row-level security|permission denied/);

describe('the catalogue', () => {
  it('gives every table a tenant_id, but for the two that have none', async () => {
    const tables = await test.query<{ name: string }>(
      `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm')`,
    );
    const expected = [...(await tenantTables()), ...WITHOUT_TENANT_ID].sort();
    expect(tables.map(({ name }) => name).sort()).toEqual(expected);
    expect(expected.length).toBeGreaterThanOrEqual(18);
  });

  it('enables and forces row-level security on each, with one policy of both clauses for everyone', async () => {
    const rows = await test.query<{ name: string; secured: boolean; policies: number }>(`
      SELECT c.relname AS name, c.relrowsecurity AND c.relforcerowsecurity AS secured,
        count(p.oid) FILTER (WHERE p.polcmd = '*' AND p.polroles = '{0}' AND p.polpermissive
          AND pg_get_expr(p.polqual, c.oid) LIKE '%housestyle.tenant_id%'
          AND pg_get_expr(p.polwithcheck, c.oid) = pg_get_expr(p.polqual, c.oid))::int AS policies
      FROM pg_class c LEFT JOIN pg_policy p ON p.polrelid = c.oid
      WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> '_prisma_migrations'
      GROUP BY c.oid ORDER BY 1`);
    expect(rows).toEqual(
      [...(await tenantTables()), 'tenant'].sort().map((name) => ({ name, secured: true, policies: 1 })),
    );
  });

  it('has no other policy than the queue role’s own', async () => {
    const others = await test.query<{ name: string; roles: string[] }>(`
      SELECT tablename || ' ' || cmd AS name, roles::text[] FROM pg_policies
      WHERE schemaname = 'public' AND policyname <> 'own_tenant' ORDER BY 1`);
    expect(others.every(({ roles }) => roles.join() === QUEUE_ROLE)).toBe(true);
    expect(others.map(({ name }) => name)).toEqual(Object.keys(QUEUE_GRANTS).sort());
  });

  it('grants the queue role exactly the listed columns, and nothing on whole tables', async () => {
    const columns = await test.query<{ table_name: string; privilege_type: string; column_name: string }>(
      `SELECT table_name, privilege_type, column_name FROM information_schema.column_privileges
       WHERE grantee IN ($1, 'PUBLIC') AND table_schema = 'public'`,
      [QUEUE_ROLE],
    );
    const granted: Record<string, string[]> = {};
    for (const row of columns) (granted[`${row.table_name} ${row.privilege_type}`] ??= []).push(row.column_name);
    for (const names of Object.values(granted)) names.sort();
    expect(granted).toEqual(QUEUE_GRANTS);
    const whole = await test.query(
      `SELECT 1 FROM information_schema.table_privileges WHERE grantee IN ($1, 'PUBLIC') AND table_schema = 'public'`,
      [QUEUE_ROLE],
    );
    expect(whole).toEqual([]);
  });

  it('ties every row to its own tenant: foreign keys carry tenant_id', async () => {
    const keys = await test.query<{ definition: string }>(
      `SELECT pg_get_constraintdef(oid) AS definition FROM pg_constraint WHERE contype = 'f'`,
    );
    expect(keys.length).toBeGreaterThanOrEqual(12);
    for (const { definition } of keys) expect(definition).toMatch(/^FOREIGN KEY \(tenant_id[,)]/);
  });

  it('lets neither role own, create, become another or bypass anything', async () => {
    const roles = await test.query(
      `SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication,
         (SELECT count(*)::int FROM pg_auth_members WHERE member = r.oid) AS memberships,
         (SELECT count(*)::int FROM pg_class WHERE relowner = r.oid) AS owned,
         has_schema_privilege(rolname, 'public', 'CREATE') AS creates
       FROM pg_roles r WHERE rolname IN ($1, $2)`,
      [APP_ROLE, QUEUE_ROLE],
    );
    expect(roles).toHaveLength(2);
    for (const powers of roles) {
      for (const [power, value] of Object.entries(powers)) expect(Number(value), power).toBe(0);
    }
  });
});

describe('the app role', () => {
  it('sees its own tenant’s rows in every table, and none of another’s', async () => {
    for (const table of await tenantTables()) {
      const { rows } = await within(app, mine, `SELECT DISTINCT tenant_id FROM "${table}"`);
      expect(rows, table).toEqual([{ tenant_id: mine }]);
      const other = await within(app, mine, `SELECT 1 FROM "${table}" WHERE tenant_id = '${theirs}'`);
      expect(other.rowCount, table).toBe(0);
    }
    const { rows } = await within(app, mine, 'SELECT id FROM tenant');
    expect(rows).toEqual([{ id: mine }]);
  });

  it.each([
    ['no context', undefined],
    ['an empty one', ''],
    ['a tenant that does not exist', '00000000-0000-4000-8000-000000000000'],
  ])('sees nothing with %s', async (_, context) => {
    for (const table of [...(await tenantTables()), 'tenant']) {
      const { rowCount } = await within(app, context, `SELECT 1 FROM "${table}"`);
      expect(rowCount, table).toBe(0);
    }
  });

  it.each(['*', 'on', "' OR true --"])('is refused a context that is no tenant: %s', async (context) => {
    await expect(within(app, context, 'SELECT 1 FROM asset')).rejects.toThrow(/invalid input syntax for type uuid/);
  });

  it('forgets its context when the transaction ends', async () => {
    await app.query('BEGIN');
    await app.query(`SELECT set_config('housestyle.tenant_id', $1, true)`, [mine]);
    await app.query('COMMIT');
    expect((await app.query('SELECT 1 FROM asset')).rowCount).toBe(0);
  });

  it('cannot write another tenant’s rows', async () => {
    const [asset] = await test.query<{ id: string }>('SELECT id FROM asset WHERE tenant_id = $1', [theirs]);
    const [suggestion] = await test.query<{ id: string }>('SELECT id FROM suggestion WHERE tenant_id = $1', [theirs]);
    await refused(`INSERT INTO api_key (tenant_id, name, prefix, hash) VALUES ('${theirs}', 'n', 'p', '')`);
    await refused(
      `INSERT INTO embedding (tenant_id, asset_row_id, base_model, base_sha256, values) VALUES ('${theirs}', '${asset!.id}', 'b', 'c', '')`,
    );
    await refused(
      `INSERT INTO preview (tenant_id, asset_row_id, content_type, width, height, bytes) VALUES ('${theirs}', '${asset!.id}', 'i', 1, 1, '')`,
    );
    await refused(
      `INSERT INTO suggestion (tenant_id, asset_row_id, base_model, base_sha256, mapper_id, generation_key, text, score, hypotheses)
       VALUES ('${theirs}', '${asset!.id}', 'b', 'c', 'm', 'g', 't', 0, '[]')`,
    );
    await refused(
      `INSERT INTO review (tenant_id, suggestion_id, decision) VALUES ('${theirs}', '${suggestion!.id}', 'accepted')`,
    );
    await refused(`INSERT INTO training_run (tenant_id, trigger, seed) VALUES ('${theirs}', 'demand', 1)`);
    await refused(
      `INSERT INTO training_schedule (tenant_id, is_enabled, minimum_samples) VALUES ('${theirs}', true, 1)`,
    );
    await refused(`INSERT INTO promotion (tenant_id, reason) VALUES ('${theirs}', 'r')`);
    await refused(`INSERT INTO outbox (tenant_id, type, key, payload) VALUES ('${theirs}', 't', 'k', '{}')`);
    await refused(`INSERT INTO bucket_mapping (tenant_id, bucket) VALUES ('${mine}', 'anybody’s')`);
    await refused(`INSERT INTO tenant (id, name, base_model) VALUES ('${mine}', 'n', 'b')`);
    await refused(`UPDATE asset SET tenant_id = '${theirs}'`);
    await refused(`UPDATE review SET tenant_id = '${theirs}'`);
    expect((await within(app, mine, `UPDATE asset SET status = 'failed' WHERE id = '${asset!.id}'`)).rowCount).toBe(0);
  });

  it('cannot point its own row at another tenant’s', async () => {
    const [suggestion] = await test.query<{ id: string }>('SELECT id FROM suggestion WHERE tenant_id = $1', [theirs]);
    const sql = `INSERT INTO review (tenant_id, suggestion_id, decision) VALUES ('${mine}', '${suggestion!.id}', 'rejected')`;
    await expect(within(app, mine, sql)).rejects.toThrow(/violates foreign key/);
  });

  it.each([
    'UPDATE tenant_limit SET assets_per_day = NULL',
    'DELETE FROM quota_use',
    'ALTER TABLE asset DISABLE ROW LEVEL SECURITY',
    'DROP POLICY own_tenant ON asset',
    'SET ROLE housestyle_queue',
    'SET SESSION AUTHORIZATION housestyle_queue',
    'TRUNCATE review',
    'DELETE FROM suggestion',
    'DELETE FROM hold_out',
    `UPDATE hold_out SET image_key = 'another'`,
    `UPDATE training_example SET suggestion_id = gen_random_uuid()`,
    `UPDATE promotion SET reason = 'another'`,
    'CREATE TABLE mine (id int)',
    'SELECT * FROM _prisma_migrations',
  ])('may not %s', async (sql) => {
    await expect(within(app, mine, sql)).rejects.toThrow(/permission denied|must be owner/);
  });

  it('gains nothing from switching row security off: the query is refused instead', async () => {
    await expect(within(app, mine, 'SET LOCAL row_security = off; SELECT * FROM asset')).rejects.toThrow(
      /would be affected by row-level security/,
    );
  });
});

describe('the queue role', () => {
  it.each([
    'SELECT text FROM suggestion',
    'SELECT hypotheses FROM suggestion',
    'SELECT decision FROM review',
    'SELECT values FROM embedding',
    'SELECT bytes FROM preview',
    'SELECT payload FROM outbox',
    'SELECT type FROM outbox',
    'SELECT uri FROM asset',
    'SELECT context FROM asset',
    'SELECT error_message FROM asset',
    'SELECT name FROM tenant',
    'SELECT name FROM api_key',
    'SELECT 1 FROM mapper_version',
    'SELECT 1 FROM promotion',
    'SELECT 1 FROM hold_out',
    'SELECT 1 FROM training_example',
    'SELECT figures FROM training_run',
    'SELECT reason FROM training_run',
    `UPDATE training_run SET status = 'cancelled'`,
    `UPDATE asset SET status = 'captioned'`,
    `UPDATE asset SET uri = 'file:///etc/passwd'`,
    `UPDATE outbox SET payload = '{}'`,
    `INSERT INTO asset (id, tenant_id, asset_id, version, uri) SELECT gen_random_uuid(), id, 'a', 'b', 'c' FROM tenant`,
    'DELETE FROM asset',
    'DELETE FROM outbox',
    'SELECT * FROM _prisma_migrations',
    'SET ROLE housestyle_app',
  ])('may not %s, whatever the context', async (sql) => {
    await expect(within(queue, undefined, sql)).rejects.toThrow(/permission denied/);
    await expect(within(queue, mine, sql)).rejects.toThrow(/permission denied/);
  });

  it('sees every tenant’s queue', async () => {
    const { rows } = await within(queue, undefined, 'SELECT DISTINCT tenant_id FROM asset');
    expect(rows.map((row: { tenant_id: TenantId }) => row.tenant_id).sort()).toEqual([mine, theirs].sort());
  });
});

describe('Database', () => {
  it('refuses to open as a role that row-level security does not bind', async () => {
    await expect(Database.open({ appUrl: test.adminUrl, queueUrl: test.queueUrl })).rejects.toThrow(
      /bypasses row-level/,
    );
    await expect(Database.open({ appUrl: test.appUrl, queueUrl: test.adminUrl })).rejects.toThrow(/bypasses row-level/);
  });

  it('goes on after its connections were cut', async () => {
    const cut = await test.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND usename IN ($1, $2) AND application_name = 'housestyle'`,
      [APP_ROLE, QUEUE_ROLE],
    );
    expect(cut.length).toBeGreaterThanOrEqual(2);
    await waitFor('an answer', () => test.database.ping().then(() => true));
  });

  it('works for landing with rows of several tenants in one statement', async () => {
    const upload = { assetId: 'both', version: '1', uri: 's3://b/k' };
    const landing = new LandingRepository(test.database);
    const { landed } = await landing.land([mine, theirs].map((id) => ({ ...upload, tenantId: id })));
    expect(landed).toHaveLength(2);
  });
});
