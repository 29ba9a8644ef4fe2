import type { TenantId } from '@housestyle/domain';
import pg from 'pg';
import { askAgainAndAgain } from './listen.js';
import type { DatabaseUrls } from './roles.js';
import { limitSilence } from './silence-limit.js';

/** A tenant's right to train, held by one process of all. */
export interface TrainingLock {
  /** aborted when the connection that holds the lock is gone, and another may hold it by now */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

/** Any number of our own; the second half of the key is the tenant's. */
const TRAINING_LOCK = 72707372;
const KEEP_ALIVE_DELAY_MS = 5_000;
const CONNECTION_TIMEOUT_MS = 20_000;
const ASK_EVERY_MS = 15_000;

/**
 * Takes the tenant's training lock, or returns undefined when another process has it. It belongs to a connection of
 * its own for as long as it is held: the server lets go of it when that ends, however the process did.
 */
export async function lockTraining(urls: DatabaseUrls, tenant: TenantId): Promise<TrainingLock | undefined> {
  const client = new pg.Client({
    connectionString: urls.queueUrl,
    application_name: 'housestyle training lock',
    connectionTimeoutMillis: CONNECTION_TIMEOUT_MS,
    ...limitSilence(3 * ASK_EVERY_MS),
    keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS,
  });
  const lost = new AbortController();
  let asking: NodeJS.Timeout | undefined;
  const lose = (): void => {
    clearInterval(asking);
    lost.abort(new Error('the connection that holds the training lock is gone'));
  };
  client.on('error', lose);
  client.on('end', lose);
  const release = (): Promise<void> => {
    clearInterval(asking);
    return client.end().catch(() => undefined);
  };
  try {
    await client.connect();
    const { rows } = await client.query<{ is_taken: boolean }>(
      // two tenants whose hashes meet only wait for each other
      'SELECT pg_try_advisory_lock($1::int, hashtext($2)) AS is_taken',
      [TRAINING_LOCK, tenant],
    );
    if (rows[0]?.is_taken) {
      asking = askAgainAndAgain(client, ASK_EVERY_MS, lose);
      return { lost: lost.signal, release };
    }
    await release();
    return undefined;
  } catch (error) {
    await release();
    throw error;
  }
}
