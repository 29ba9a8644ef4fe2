import pg from 'pg';

export interface Subscription {
  close(): Promise<void>;
}

export interface ListenOptions {
  /** Called with each notification's payload. */
  readonly onNotification: (payload: string) => void;
  /** Called after every (re)connection: whatever was sent while there was none is lost, so look again. */
  readonly onConnected?: () => void;
  readonly reconnectMs?: number;
}

/**
 * Hears a PostgreSQL channel on a connection of its own, and reconnects for as long as it is not closed.
 * A notification is a hint to look at the tables, never the only carrier of a fact.
 */
export function listen(url: string, channel: string, options: ListenOptions): Subscription {
  const { onNotification, onConnected, reconnectMs = 1000 } = options;
  let isClosed = false;
  let client: pg.Client | undefined;
  let retry: NodeJS.Timeout | undefined;

  const reconnect = (lost: pg.Client): void => {
    if (isClosed || client !== lost) return;
    client = undefined;
    lost.end().catch(() => undefined);
    retry = setTimeout(connect, reconnectMs);
  };

  const connect = (): void => {
    const current = new pg.Client({ connectionString: url, application_name: `listen ${channel}`, keepAlive: true });
    client = current;
    current.on('error', () => reconnect(current));
    current.on('end', () => reconnect(current));
    current.on('notification', ({ payload }) => onNotification(payload ?? ''));
    current
      .connect()
      .then(() => current.query(`LISTEN ${current.escapeIdentifier(channel)}`))
      .then(
        () => onConnected?.(),
        () => reconnect(current),
      );
  };

  connect();
  return {
    async close() {
      isClosed = true;
      clearTimeout(retry);
      await client?.end().catch(() => undefined);
    },
  };
}
