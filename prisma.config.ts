import { defineConfig } from 'prisma/config';

/** Read by the Prisma command line only; the apps take their connections from their settings. */
export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  // unset for `prisma generate`, which needs no database
  datasource: { url: process.env['DATABASE_URL'] ?? '' },
});
