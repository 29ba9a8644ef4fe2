import { MessageChannel } from 'node:worker_threads';
import type { Fetched } from './graph-runner.js';

/**
 * Gives the memory of large outputs back at once; they are empty from then on. It lies outside V8's heap, so it would stay
 * until a collection of garbage, and megabytes of it in every step make V8 collect everything every few steps.
 */
export function giveBack(outputs: Fetched, names: readonly string[]): void {
  nowhere.postMessage(
    undefined,
    names.map((name) => outputs[name]!.data.buffer as ArrayBuffer),
  );
}

/** Closed: what is moved there is freed. */
const nowhere = new MessageChannel().port1;
nowhere.close();
