import { readlinkSync } from 'node:fs';
import { constants, getPriority, setPriority } from 'node:os';
import path from 'node:path';

/**
 * Lets this thread, and those it starts from now on, wait for a core behind the threads that prepare its work and pass on
 * its answers. On Linux a priority is a thread's own; elsewhere, and where it cannot be set, nothing changes.
 */
export function giveWay(): void {
  if (process.platform !== 'linux') return;
  try {
    const threadId = Number(path.basename(readlinkSync('/proc/thread-self')));
    setPriority(threadId, Math.max(getPriority(threadId), constants.priority.PRIORITY_BELOW_NORMAL));
  } catch {
    // without /proc, say: it works as well, if not as smoothly
  }
}
