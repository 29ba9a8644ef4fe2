import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DomainError } from '@housestyle/domain';

export interface FileLockOptions {
  /** a holder that has not stirred for so long is dead, wherever it runs. */
  readonly staleAfterMs?: number;
  readonly pollMs?: number;
  /** what to say to whoever comes second; absent: they wait. */
  readonly refusal?: string;
}

interface Holder {
  readonly token: string;
  readonly pid: number;
  readonly host: string;
}

/**
 * Does `work` while no other process does, on this machine or on another that shares the folder. Node has no flock(2),
 * so the lock is a file that its holder touches every few seconds; what a killed holder leaves is taken over. It
 * spares two processes the same work and is no proof against a holder that was suspended for long: what is done under
 * it must come out right even so.
 * @throws DomainError `conflict` with the refusal, when there is one and another process holds the lock
 */
export async function withFileLock<T>(file: string, work: () => Promise<T>, options: FileLockOptions = {}): Promise<T> {
  const { staleAfterMs = 30_000, pollMs = 100, refusal } = options;
  const token = randomUUID();
  await mkdir(path.dirname(file), { recursive: true });
  while (!(await take(file, token))) {
    if (await isAbandoned(file, staleAfterMs)) await clearAway(file, staleAfterMs);
    else if (refusal !== undefined) throw new DomainError('conflict', refusal);
    else await sleep(pollMs);
  }
  const stirring = setInterval(() => void touch(file), staleAfterMs / 6);
  stirring.unref();
  try {
    return await work();
  } finally {
    clearInterval(stirring);
    if ((await readHolder(file))?.token === token) await rm(file, { force: true });
  }
}

async function take(file: string, token: string): Promise<boolean> {
  try {
    const handle = await open(file, 'wx');
    const holder: Holder = { token, pid: process.pid, host: hostname() };
    await handle.writeFile(JSON.stringify(holder));
    await handle.close();
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  }
}

async function isAbandoned(file: string, staleAfterMs: number): Promise<boolean> {
  const touched = await stat(file).catch(() => undefined);
  if (touched === undefined) return false;
  if (Date.now() - touched.mtimeMs > staleAfterMs) return true;
  const holder = await readHolder(file);
  return holder?.host === hostname() && !isRunning(holder.pid);
}

/** Several may find it abandoned: one at a time looks again and clears it away, so that nobody takes away a newer one. */
async function clearAway(file: string, staleAfterMs: number): Promise<void> {
  const clearing = `${file}.clearing`;
  if (await take(clearing, randomUUID())) {
    if (await isAbandoned(file, staleAfterMs)) await rm(file, { force: true });
    await rm(clearing, { force: true });
  } else if (await isAbandoned(clearing, staleAfterMs)) {
    await rm(clearing, { force: true });
  }
}

async function readHolder(file: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Holder;
  } catch {
    // gone, or its holder is just writing it
    return undefined;
  }
}

async function touch(file: string): Promise<void> {
  const now = new Date();
  await utimes(file, now, now).catch(() => undefined);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !isCode(error, 'ESRCH');
  }
}

const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;
