import type { TenantId } from '@housestyle/domain';
import type pg from 'pg';

/** Values that a table's own rules ask for; SQL expressions. A table with a new rule names them here. */
const ASKED_FOR: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  review: { decision: `'corrected'` },
  hold_out: { erased_at: 'NULL' },
  suggestion: { erased_at: 'NULL' },
  training_run: { finished_at: 'NULL' },
  webhook_delivery: { ended_at: 'NULL' },
  quota_use: { used: '0' },
};

interface Column {
  name: string;
  type: string;
  category: string;
}

/**
 * One row of `tenant` in every table of the schema but `tenant` itself, every column filled, its words all `canary`: made
 * from the catalogue, so that tables which nobody has heard of have a row too. Foreign keys are not asked.
 */
export async function fillEveryTable(
  client: pg.Client,
  tenant: TenantId,
  canary: string,
  { onlyEmpty = false } = {},
): Promise<void> {
  await client.query('BEGIN');
  await client.query('SET LOCAL session_replication_role = replica');
  for (const table of await tenantTables(client)) {
    if (onlyEmpty && (await client.query(`SELECT FROM "${table}" WHERE tenant_id = $1`, [tenant])).rowCount) continue;
    const columns = await columnsOf(client, table);
    const values = columns.map((column) => valueOf(table, column, tenant, canary));
    const names = columns.map(({ name }) => `"${name}"`);
    await client.query(`INSERT INTO "${table}" (${names.join()}) VALUES (${values.join()}) ON CONFLICT DO NOTHING`);
  }
  await client.query('COMMIT');
}

/** Every table with a tenant_id. */
export async function tenantTables(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(`
    SELECT c.relname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attname = 'tenant_id' ORDER BY 1`);
  return rows.map(({ name }) => name);
}

/** Every column that can be written, with its type. */
export async function columnsOf(client: pg.Client, table: string): Promise<Column[]> {
  const { rows } = await client.query<Column>(
    `SELECT attname AS name, format_type(atttypid, NULL) AS type, typcategory AS category
     FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid
     WHERE attrelid = quote_ident($1)::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
     ORDER BY attnum`,
    [table],
  );
  return rows;
}

function valueOf(table: string, { name, type, category }: Column, tenant: TenantId, canary: string): string {
  const asked = ASKED_FOR[table]?.[name];
  if (asked !== undefined) return asked;
  if (name === 'tenant_id') return `'${tenant}'`;
  if (type === 'uuid') return 'gen_random_uuid()';
  if (type === 'bytea') return `convert_to('${canary}', 'UTF8')`;
  if (type === 'jsonb') return `jsonb_build_object('canary', '${canary}')`;
  if (category === 'A') return `ARRAY['${canary}']::${type}`;
  if (category === 'E') return `(enum_range(NULL::${type}))[1]`;
  if (category === 'B') return 'false';
  if (category === 'N') return name === 'id' ? '(random() * 1e9)::int + 1000000' : '1000';
  if (category === 'D') return 'now()';
  return `'${canary} ' || left(gen_random_uuid()::text, 8)`;
}
