import { randomBytes, randomUUID } from 'node:crypto';
import {
  Database,
  prepareDatabase,
  provisionTenants,
  type DatabaseUrls,
  type TenantToProvision,
} from '@housestyle/database';
import { tenantId, type TenantId } from '@housestyle/domain';
import pg from 'pg';
import { inject } from 'vitest';

export interface TestDatabase extends DatabaseUrls {
  /** the superuser's, for arranging and for looking at the catalogue; the code under test never gets it */
  readonly adminUrl: string;
  /** both roles, as the apps open it */
  readonly database: Database;
  provision(tenant?: Partial<TenantToProvision>): Promise<TenantId>;
  /** `sql` as the superuser: to see what is really in the tables */
  query<Row extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<Row[]>;
  /** closes every connection and drops the database */
  drop(): Promise<void>;
}

/** A fresh, migrated database of its own for one spec file: a copy of the run's template, made in some 50 ms. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const serverUrl = inject('postgresAdminUrl');
  const { name, url: adminUrl } = await createDatabase(serverUrl, 'test', inject('postgresTemplate'));
  const urls = await prepareDatabase(adminUrl);
  const database = await Database.open(urls);
  const admin = new pg.Pool({ connectionString: adminUrl, max: 2 });
  // dropping the database may reach a connection before its own end does
  admin.on('error', () => undefined);
  return {
    ...urls,
    adminUrl,
    database,
    async provision(tenant = {}) {
      const id = tenant.id ?? tenantId(randomUUID());
      await provisionTenants(adminUrl, [{ name: 'A test tenant', baseModel: 'demo', ...tenant, id }]);
      return id;
    },
    async query<Row extends pg.QueryResultRow>(sql: string, values?: unknown[]) {
      const { rows } = await admin.query<Row>(sql, values);
      return rows;
    },
    async drop() {
      await Promise.all([database.close(), admin.end()]);
      await asAdmin(serverUrl, `DROP DATABASE "${name}" WITH (FORCE)`);
    },
  };
}

/** An empty database, or a copy of `template`, beside the one `serverUrl` names. */
export async function createDatabase(
  serverUrl: string,
  prefix: string,
  template = 'template0',
): Promise<{ name: string; url: string }> {
  const name = `${prefix}_${randomBytes(6).toString('hex')}`;
  await asAdmin(serverUrl, `CREATE DATABASE "${name}" TEMPLATE "${template}"`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return { name, url: url.toString() };
}

async function asAdmin(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
