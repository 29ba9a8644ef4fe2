import { MessageChannel } from 'node:worker_threads';

/**
 * Gives the memory of large arrays back at once: they are empty from then on. It lies outside V8's heap, so it would stay
 * until a collection of garbage, and megabytes of it in every step make V8 collect everything every few steps.
 * @param arrays no two on the same memory, and none on memory that threads share
 */
export function giveBack(arrays: readonly ArrayBufferView[]): void {
  nowhere.postMessage(
    undefined,
    arrays.map(({ buffer }) => buffer as ArrayBuffer),
  );
}

/** Closed: what is moved there is freed. */
const nowhere = new MessageChannel().port1;
nowhere.close();
