import type { Transaction } from './database.js';

/** Who listens to `channel` hears `payload` when the transaction commits. */
export interface Notification {
  readonly channel: string;
  readonly payload: string;
}

export async function notify(rows: Transaction, notifications: readonly Notification[]): Promise<void> {
  await rows.$executeRaw`
    SELECT pg_notify(channel, payload)
    FROM jsonb_to_recordset(${JSON.stringify(notifications)}::jsonb) AS heard(channel text, payload text)`;
}
