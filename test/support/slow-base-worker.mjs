// Loaded into a captioner under test with NODE_OPTIONS=--import: the worker threads of the base model named in SLOW_BASE
// do not start while the file named in SLOW_BASE_FILE is there.
import { existsSync } from 'node:fs';
import { isMainThread, workerData } from 'node:worker_threads';

const { SLOW_BASE, SLOW_BASE_FILE } = process.env;

if (!isMainThread && SLOW_BASE !== undefined && workerData?.base?.served?.name === SLOW_BASE) {
  const never = new Int32Array(new SharedArrayBuffer(4));
  while (existsSync(SLOW_BASE_FILE)) Atomics.wait(never, 0, 0, 20);
}
