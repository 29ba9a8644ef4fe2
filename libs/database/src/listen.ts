import pg from 'pg';
import { limitSilence } from './silence-limit.js';

export interface Subscription {
  close(): Promise<void>;
}

export interface ListenOptions {
  /** Called with each notification's payload. */
  readonly onNotification: (payload: string) => void;
  /** Called after every (re)connection: whatever was sent while there was none is lost, so look again. */
  readonly onConnected?: () => void;
  readonly reconnectMs?: number;
  /** how often the server is asked whether it is still there; it is given three times as long to answer */
  readonly askEveryMs?: number;
}

const CONNECTION_TIMEOUT_MS = 20_000;

/**
 * Hears a PostgreSQL channel on a connection of its own, and reconnects for as long as it is not closed.
 * A notification is a hint to look at the tables, never the only carrier of a fact.
 */
export function listen(url: string, channel: string, options: ListenOptions): Subscription {
  const { onNotification, onConnected, reconnectMs = 1000, askEveryMs = 15_000 } = options;
  let isClosed = false;
  let client: pg.Client | undefined;
  let retry: NodeJS.Timeout | undefined;
  let asking: NodeJS.Timeout | undefined;

  const reconnect = (lost: pg.Client): void => {
    if (isClosed || client !== lost) return;
    client = undefined;
    clearInterval(asking);
    lost.end().catch(() => undefined);
    retry = setTimeout(connect, reconnectMs);
  };

  const connect = (): void => {
    const current = new pg.Client({
      connectionString: url,
      application_name: `listen ${channel}`,
      connectionTimeoutMillis: CONNECTION_TIMEOUT_MS,
      ...limitSilence(3 * askEveryMs),
    });
    client = current;
    current.on('error', () => reconnect(current));
    current.on('end', () => reconnect(current));
    current.on('notification', ({ payload }) => onNotification(payload ?? ''));
    current
      .connect()
      .then(() => current.query(`LISTEN ${current.escapeIdentifier(channel)}`))
      .then(
        () => {
          // a connection that nobody speaks on may be gone for long before either end notices
          asking = askAgainAndAgain(current, askEveryMs, () => reconnect(current));
          onConnected?.();
        },
        () => reconnect(current),
      );
  };

  connect();
  return {
    async close() {
      isClosed = true;
      clearTimeout(retry);
      clearInterval(asking);
      await client?.end().catch(() => undefined);
    },
  };
}

/** Keeps a quiet connection from counting as silent for as long as its server answers. */
export function askAgainAndAgain(client: pg.Client, everyMs: number, onFailure: () => void): NodeJS.Timeout {
  let isAsking = false;
  return setInterval(() => {
    if (isAsking) return;
    isAsking = true;
    client.query('SELECT 1').then(() => (isAsking = false), onFailure);
  }, everyMs);
}
