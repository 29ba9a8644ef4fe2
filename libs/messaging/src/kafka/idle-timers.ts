import { createRequire } from 'node:module';

interface RequestQueue {
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests: (this: RequestQueue) => void;
}

let isDone = false;

/**
 * kafkajs 2.2.4 re-arms a 1 ms timer for ever on every idle connection (tulios/kafkajs#1751): with nothing pending it
 * computes a negative delay from a throttle that never was. With nothing pending there is nothing to check.
 */
export function stopIdleTimers(): void {
  if (isDone) return;
  const require = createRequire(import.meta.url);
  const { prototype } = require('kafkajs/src/network/requestQueue') as { prototype: RequestQueue };
  const schedule = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function () {
    if (this.pending.length > 0) schedule.call(this);
  };
  isDone = true;
}
