import type { WatchedConnection, WireWatcher } from './tcp-proxy.js';

export interface PostgresStatement {
  readonly sql: string;
  /** of the statements in its transaction, this one included, in order */
  readonly transaction: readonly string[];
}

export interface PostgresListener {
  /** False keeps the statement from the server. */
  onStatement(statement: PostgresStatement, connection: WatchedConnection): boolean;
}

const TYPE_BYTES = 1;

/**
 * Reads the statements a client sends off the wire: `Query` (Q) messages, and the SQL of `Parse` (P). The first
 * message of a connection has no type. So a connection can be cut just behind a COMMIT, with no failpoint in the
 * product.
 */
export const watchPostgres = (listeners: ReadonlySet<PostgresListener>): WireWatcher => ({
  open(connection) {
    let rest: Buffer = Buffer.alloc(0);
    let isStarted = false;
    let transaction: string[] = [];

    const isPassed = (frame: Buffer): boolean => {
      const sql = sqlOf(frame);
      if (sql === undefined) return true;
      if (/^begin/i.test(sql)) transaction = [];
      transaction.push(sql);
      const answers = [...listeners].map((listener) => listener.onStatement({ sql, transaction }, connection));
      return answers.every(Boolean);
    };

    return {
      fromClient: (bytes) => {
        rest = Buffer.concat([rest, bytes]);
        const frames: Buffer[] = [];
        for (;;) {
          const start = isStarted ? TYPE_BYTES : 0;
          if (rest.length < start + 4) break;
          const length = start + rest.readInt32BE(start);
          if (rest.length < length) break;
          const frame = rest.subarray(0, length);
          rest = rest.subarray(length);
          if (!isStarted || isPassed(frame)) frames.push(frame);
          isStarted = true;
        }
        return frames;
      },
    };
  },
});

function sqlOf(frame: Buffer): string | undefined {
  const type = String.fromCharCode(frame[0]!);
  const text = frame.toString('utf8', TYPE_BYTES + 4);
  if (type === 'Q') return text.split('\0')[0]!.trim();
  // the statement's name comes first
  if (type === 'P') return text.split('\0')[1]!.trim();
  return undefined;
}
