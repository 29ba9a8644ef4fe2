import { DomainError, type TenantId } from '@housestyle/domain';
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient, type Prisma } from './generated/client.js';
import type { DatabaseUrls } from './roles.js';

/** A transaction's view of the tables. */
export type Transaction = Prisma.TransactionClient;

export interface DatabaseOptions {
  /** per role; two roles make twice as many */
  readonly maxConnections?: number;
}

const TRANSACTION_LIMITS = { maxWait: 20_000, timeout: 60_000 };

/**
 * Two doors into one database. `forTenant` opens the app role's: one tenant's rows, everything in them.
 * `acrossTenants` opens the queue role's: every tenant's rows, only their queue columns.
 */
export class Database {
  private constructor(
    readonly urls: DatabaseUrls,
    private readonly app: PrismaClient,
    private readonly queue: PrismaClient,
  ) {}

  /** @throws DomainError `invalid_settings` when a role could see past row-level security. */
  static async open(urls: DatabaseUrls, { maxConnections = 10 }: DatabaseOptions = {}): Promise<Database> {
    const database = new Database(urls, connect(urls.appUrl, maxConnections), connect(urls.queueUrl, maxConnections));
    try {
      await refuseBypass(database.app);
      await refuseBypass(database.queue);
    } catch (error) {
      await database.close();
      throw error;
    }
    return database;
  }

  /** One transaction in the context of `tenant`, as the app role. */
  forTenant<T>(tenant: TenantId, work: (rows: Transaction) => Promise<T>): Promise<T> {
    return this.app.$transaction(async (rows) => {
      await rows.$executeRaw`SELECT set_config('housestyle.tenant_id', ${tenant}, true)`;
      return work(rows);
    }, TRANSACTION_LIMITS);
  }

  /** One transaction over every tenant's queue columns, as the queue role. */
  acrossTenants<T>(work: (rows: Transaction) => Promise<T>): Promise<T> {
    return this.queue.$transaction(work, TRANSACTION_LIMITS);
  }

  /** Resolves when both roles get an answer. */
  async ping(): Promise<void> {
    await Promise.all([this.app.$queryRaw`SELECT 1`, this.queue.$queryRaw`SELECT 1`]);
  }

  async close(): Promise<void> {
    await Promise.all([this.app.$disconnect(), this.queue.$disconnect()]);
  }
}

function connect(connectionString: string, max: number): PrismaClient {
  return new PrismaClient({ adapter: new PrismaPg({ connectionString, max, application_name: 'housestyle' }) });
}

async function refuseBypass(client: PrismaClient): Promise<void> {
  const [role] = await client.$queryRaw<{ name: string; bypasses: boolean }[]>`
    SELECT rolname AS name, rolsuper OR rolbypassrls AS bypasses FROM pg_roles WHERE rolname = current_user`;
  if (role?.bypasses !== false) {
    throw new DomainError(
      'invalid_settings',
      `the apps may not connect as ${role?.name}: it bypasses row-level security`,
    );
  }
}
