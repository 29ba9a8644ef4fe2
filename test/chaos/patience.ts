import { waitFor } from '../support/wait-for.js';

/** Longer than any fault keeps a server or a member away, its start on a busy machine included. */
export const PATIENCE_MS = 600_000;

/**
 * Tries until it works. Whatever the harness itself asks of the broker goes through here: a fault of one lane may keep
 * it away for minutes while another lane publishes, joins the group or counts.
 */
export async function patiently<T>(what: string, attempt: () => Promise<T>): Promise<T> {
  const box = async (): Promise<{ value: T }> => ({ value: await attempt() });
  return (await waitFor(what, box, { timeoutMs: PATIENCE_MS, everyMs: 500 })).value;
}
