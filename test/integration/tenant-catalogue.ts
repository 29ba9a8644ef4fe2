import { APP_ROLE, QUEUE_ROLE } from '@housestyle/database';
import type pg from 'pg';

/** Tables that hold nothing of a tenant. Whoever adds one here says that neither role may touch it. */
const OF_NO_TENANT = ['_prisma_migrations'];

const ROLES = [APP_ROLE, QUEUE_ROLE];

/** What a command of SQL needs of a policy, as `pg_policy.polcmd` names it: rows it may find, rows it may leave. */
const COMMANDS = [
  { privilege: 'SELECT', letter: 'r', clauses: ['using'] },
  { privilege: 'INSERT', letter: 'a', clauses: ['check'] },
  { privilege: 'UPDATE', letter: 'w', clauses: ['using', 'check'] },
  { privilege: 'DELETE', letter: 'd', clauses: ['using'] },
] as const;

export type Query = <Row extends pg.QueryResultRow>(sql: string, values?: unknown[]) => Promise<Row[]>;

interface Relation {
  name: string;
  kind: string;
  is_enabled: boolean;
  is_forced: boolean;
  owner: string;
  tenant_column: string | null;
}

interface Policy {
  table: string;
  command: string;
  roles: string[];
  is_permissive: boolean;
  using: string | null;
  check: string | null;
}

/**
 * Every way in which the catalogue of a database does not keep its tenants apart, in words; none is what is wanted. It
 * asks the catalogue alone, so that a table that nobody thought of is judged as well.
 */
export async function catalogueBreaches(query: Query): Promise<string[]> {
  const relations = await query<Relation>(`
    SELECT c.relname AS name, c.relkind AS kind, c.relrowsecurity AS is_enabled, c.relforcerowsecurity AS is_forced,
      pg_get_userbyid(c.relowner) AS owner,
      CASE WHEN c.relname = 'tenant' THEN 'id' ELSE (SELECT attname::text FROM pg_attribute a
        WHERE a.attrelid = c.oid AND attname = 'tenant_id' AND attnotnull AND NOT attisdropped) END AS tenant_column
    FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY 1`);
  const policies = await query<Policy>(`
    SELECT c.relname AS table, polcmd AS command, polpermissive AS is_permissive,
      CASE WHEN polroles = '{0}' THEN ARRAY['public'] ELSE ARRAY(
        SELECT rolname::text FROM pg_roles WHERE oid = ANY(polroles)) END AS roles,
      pg_get_expr(polqual, polrelid) AS using, pg_get_expr(polwithcheck, polrelid) AS check
    FROM pg_policy JOIN pg_class c ON c.oid = polrelid`);
  const breaches: string[] = [];
  for (const relation of relations) breaches.push(...(await breachesOf(relation, policies, query)));
  return [...breaches, ...(await breachesOfRoles(query)), ...(await breachesOfFunctions(query))];
}

async function breachesOf(relation: Relation, policies: readonly Policy[], query: Query): Promise<string[]> {
  const { name, kind, tenant_column: column } = relation;
  const allowed = await privilegesOn(name, query);
  if (OF_NO_TENANT.includes(name)) return allowed.map(({ role, privilege }) => `${role} may ${privilege} ${name}`);
  if (kind !== 'r' && kind !== 'p') return [`${name} is no table: row-level security does not bind it by itself`];
  const breaches: string[] = [];
  if (column === null) breaches.push(`${name} has no tenant_id NOT NULL`);
  if (!relation.is_enabled) breaches.push(`${name} does not ENABLE row-level security`);
  if (!relation.is_forced) breaches.push(`${name} does not FORCE row-level security`);
  if (ROLES.includes(relation.owner)) breaches.push(`${relation.owner} owns ${name}`);
  const own = policies.filter(({ table }) => table === name);
  for (const { role, privilege } of allowed) {
    const command = COMMANDS.find((each) => each.privilege === privilege);
    if (!command) breaches.push(`${role} may ${privilege} ${name}, which no policy governs`);
    else breaches.push(...uncovered(name, column, role, command, own));
  }
  return breaches;
}

async function privilegesOn(table: string, query: Query): Promise<{ role: string; privilege: string }[]> {
  return query(
    `SELECT role, privilege FROM unnest($2::text[]) AS role,
       unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS privilege
     WHERE has_table_privilege(role, quote_ident($1), privilege)
       OR (privilege IN ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES')
         AND has_any_column_privilege(role, quote_ident($1), privilege))`,
    [table, ROLES],
  );
}

/** The app role only through policies that compare the tenant; the queue role only through policies of its own. */
function uncovered(
  table: string,
  column: string | null,
  role: string,
  { privilege, letter, clauses }: (typeof COMMANDS)[number],
  policies: readonly Policy[],
): string[] {
  const applying = policies.filter(
    ({ command, roles, is_permissive }) =>
      is_permissive &&
      (command === '*' || command === letter) &&
      (roles.includes(role) || (role === APP_ROLE && roles.includes('public'))),
  );
  const bound = `(${column} = (NULLIF(current_setting('housestyle.tenant_id'::text, true), ''::text))::uuid)`;
  return clauses.flatMap((clause) => {
    const expressions = applying.map((policy) => policy[clause]).filter((expression) => expression !== null);
    const what = `${role} may ${privilege} ${table}`;
    if (expressions.length === 0) return [`${what} without a policy that has ${clauseName(clause)}`];
    if (role !== APP_ROLE) return [];
    return expressions
      .filter((expression) => expression !== bound)
      .map((expression) => `${what} by ${clauseName(clause)} ${expression}, which is not its tenant's`);
  });
}

const clauseName = (clause: 'using' | 'check'): string => (clause === 'using' ? 'USING' : 'WITH CHECK');

async function breachesOfRoles(query: Query): Promise<string[]> {
  const powers = await query<{ role: string; power: string }>(
    `SELECT rolname AS role, power FROM pg_roles r, LATERAL (VALUES
       (rolsuper, 'is a superuser'), (rolbypassrls, 'has BYPASSRLS'), (rolcreaterole, 'may create roles'),
       (rolcreatedb, 'may create databases'), (rolreplication, 'may replicate'),
       (EXISTS (SELECT FROM pg_auth_members WHERE member = r.oid), 'is a member of another role'),
       (EXISTS (SELECT FROM pg_shdepend WHERE refobjid = r.oid AND deptype = 'o'), 'owns something'),
       (has_schema_privilege(r.oid, 'public', 'CREATE'), 'may create in the schema')) AS each(holds, power)
     WHERE rolname = ANY($1) AND holds`,
    [ROLES],
  );
  const [roles] = await query<{ count: number }>('SELECT count(*)::int FROM pg_roles WHERE rolname = ANY($1)', [ROLES]);
  return [
    ...powers.map(({ role, power }) => `${role} ${power}`),
    ...(roles!.count === ROLES.length ? [] : [`not both of ${ROLES.join(', ')} exist`]),
  ];
}

/** A function of its definer's rights would read as the owner, whoever calls it. */
async function breachesOfFunctions(query: Query): Promise<string[]> {
  const rows = await query<{ name: string }>(
    `SELECT proname AS name FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef`,
  );
  return rows.map(({ name }) => `${name} is SECURITY DEFINER`);
}
