import { DomainError, type TenantId } from '@housestyle/domain';
import { PrismaPg } from '@prisma/adapter-pg';
import { Prisma, PrismaClient } from './generated/client.js';
import type { DatabaseUrls } from './roles.js';
import { limitSilence } from './silence-limit.js';

/** A transaction's view of the tables. */
export type Transaction = Prisma.TransactionClient;

export interface DatabaseOptions {
  /** per role; two roles make twice as many */
  readonly maxConnections?: number;
  /** of one statement; the server ends it then */
  readonly statementTimeoutMs?: number;
}

const TRANSACTION_LIMITS = { maxWait: 20_000, timeout: 60_000 };
const STATEMENT_TIMEOUT_MS = 30_000;
/** A server that can, has ended the statement by then: one that has not, cannot. */
const SILENCE_GRACE_MS = 5_000;
const CONNECTION_TIMEOUT_MS = 20_000;
/** The pool closes what nobody uses long before it counts as silent. */
const IDLE_MS = 10_000;

/**
 * Two doors into one database. `forTenant` opens the app role's: one tenant's rows, everything in them.
 * `acrossTenants` opens the queue role's: every tenant's rows, only their queue columns.
 */
export class Database {
  private constructor(
    readonly urls: DatabaseUrls,
    private readonly app: PrismaClient,
    private readonly queue: PrismaClient,
    private readonly statementTimeoutMs: number,
  ) {}

  /** @throws DomainError `invalid_settings` when a role could see past row-level security. */
  static async open(
    urls: DatabaseUrls,
    { maxConnections = 10, statementTimeoutMs = STATEMENT_TIMEOUT_MS }: DatabaseOptions = {},
  ): Promise<Database> {
    const [app, queue] = [urls.appUrl, urls.queueUrl].map((url) =>
      connect(url, maxConnections, statementTimeoutMs),
    ) as [PrismaClient, PrismaClient];
    const database = new Database(urls, app, queue, statementTimeoutMs);
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
      await rows.$executeRaw`SELECT set_config('housestyle.tenant_id', ${tenant}, true), ${this.limits}`;
      return work(rows);
    }, TRANSACTION_LIMITS);
  }

  /** One transaction over every tenant's queue columns, as the queue role. */
  acrossTenants<T>(work: (rows: Transaction) => Promise<T>): Promise<T> {
    return this.queue.$transaction(async (rows) => {
      await rows.$executeRaw`SELECT ${this.limits}`;
      return work(rows);
    }, TRANSACTION_LIMITS);
  }

  /** Resolves when both roles get an answer. */
  async ping(): Promise<void> {
    await Promise.all([this.app.$queryRaw`SELECT 1`, this.queue.$queryRaw`SELECT 1`]);
  }

  async close(): Promise<void> {
    await Promise.all([this.app.$disconnect(), this.queue.$disconnect()]);
  }

  /** Set with each transaction, so that a pooler in between knows them too. A client that hangs keeps no lock for long. */
  private get limits(): Prisma.Sql {
    const [statement, idle] = [this.statementTimeoutMs, TRANSACTION_LIMITS.timeout].map(String);
    return Prisma.sql`set_config('statement_timeout', ${statement}, true),
      set_config('idle_in_transaction_session_timeout', ${idle}, true)`;
  }
}

function connect(connectionString: string, max: number, statementTimeoutMs: number): PrismaClient {
  return new PrismaClient({
    adapter: new PrismaPg({
      connectionString,
      max,
      application_name: 'housestyle',
      connectionTimeoutMillis: CONNECTION_TIMEOUT_MS,
      idleTimeoutMillis: Math.min(IDLE_MS, statementTimeoutMs),
      ...limitSilence(statementTimeoutMs + SILENCE_GRACE_MS),
    }),
  });
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
