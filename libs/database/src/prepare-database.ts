import pg from 'pg';
import { migrate, MIGRATIONS_DIRECTORY, withMigrationLock } from './migrate.js';
import { APP_ROLE, QUEUE_ROLE, rolePassword, roleUrls, type DatabaseRole, type DatabaseUrls } from './roles.js';

const CONNECTION_TIMEOUT_MS = 20_000;

/**
 * Everything a database needs before the apps can use it: the migrations, and the two roles able to log in.
 * Idempotent; any number of processes may call it at once. Where an administrator keeps the roles' passwords
 * (managed PostgreSQL), run `migrate` with their URL and give the apps the two roles' URLs instead.
 *
 * Roles belong to the server: two installations on one server share them, and so must share the administrator.
 */
export async function prepareDatabase(adminUrl: string, directory = MIGRATIONS_DIRECTORY): Promise<DatabaseUrls> {
  await migrate(adminUrl, directory);
  const urls = roleUrls(adminUrl);
  await enableLogin(adminUrl, APP_ROLE, urls.appUrl);
  await enableLogin(adminUrl, QUEUE_ROLE, urls.queueUrl);
  return urls;
}

/** Looks before it writes: a role is the whole server's, and may be altered from another database right now. */
async function enableLogin(adminUrl: string, role: DatabaseRole, url: string): Promise<void> {
  if (await canLogIn(url)) return;
  try {
    await withMigrationLock(adminUrl, async (client) => {
      const password = client.escapeLiteral(rolePassword(adminUrl, role));
      await client.query(`ALTER ROLE ${client.escapeIdentifier(role)} LOGIN PASSWORD ${password}`);
    });
  } catch (error) {
    if (!(await canLogIn(url))) throw error;
  }
}

async function canLogIn(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECTION_TIMEOUT_MS });
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end();
  }
}
