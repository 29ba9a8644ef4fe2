import { migrate, MIGRATIONS_DIRECTORY, withMigrationLock } from './migrate.js';
import { APP_ROLE, QUEUE_ROLE, rolePassword, roleUrls, type DatabaseUrls } from './roles.js';

/**
 * Everything a database needs before the apps can use it: the migrations, and the two roles able to log in.
 * Idempotent; any number of processes may call it at once. Where an administrator keeps the roles' passwords
 * (managed PostgreSQL), run `migrate` with their URL and give the apps the two roles' URLs instead.
 *
 * Roles belong to the server: two installations on one server share them, and so must share the administrator.
 */
export async function prepareDatabase(adminUrl: string, directory = MIGRATIONS_DIRECTORY): Promise<DatabaseUrls> {
  await migrate(adminUrl, directory);
  await withMigrationLock(adminUrl, async (client) => {
    for (const role of [APP_ROLE, QUEUE_ROLE] as const) {
      const password = client.escapeLiteral(rolePassword(adminUrl, role));
      await client.query(`ALTER ROLE ${client.escapeIdentifier(role)} LOGIN PASSWORD ${password}`);
    }
  });
  return roleUrls(adminUrl);
}
