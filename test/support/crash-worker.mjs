// Loaded into a process under test with NODE_OPTIONS=--import: a worker thread that finds the file named in
// CRASH_WORKER_FILE removes it (unless the file says `every`: then each new thread dies before it has begun) and dies of
// an error nobody catches.
import { readFileSync, rmSync } from 'node:fs';
import { setInterval } from 'node:timers';
import { isMainThread } from 'node:worker_threads';

const file = process.env['CRASH_WORKER_FILE'];

if (!isMainThread && file !== undefined) {
  crashIfTold();
  setInterval(crashIfTold, 5).unref();
}

function crashIfTold() {
  try {
    if (readFileSync(file, 'utf8') !== 'every') rmSync(file);
  } catch {
    return;
  }
  throw new Error('crashed on demand');
}
