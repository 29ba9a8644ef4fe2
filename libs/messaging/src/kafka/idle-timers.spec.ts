import { createRequire } from 'node:module';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { stopIdleTimers } from './idle-timers.js';

interface Queue {
  throttledUntil: number;
  checkPendingRequests(): void;
  push(request: object): void;
}
type QueueClass = new (options: object) => Queue;

const FILE = 'kafkajs/src/network/requestQueue';
const require = createRequire(import.meta.url);

/** The client's class as it is delivered, whatever was done to the one in use. */
function asDelivered(): QueueClass {
  const path = require.resolve(FILE);
  const inUse = require.cache[path];
  delete require.cache[path];
  const fresh = require(FILE) as QueueClass;
  require.cache[path] = inUse;
  return fresh;
}

const quiet = { debug: () => {}, warn: () => {} };
const open = (Class: QueueClass): Queue =>
  new Class({ maxInFlightRequests: 1, requestTimeout: 30_000, clientId: 'c', broker: 'b', logger: quiet });

/** Timers that fire on an idle connection within a second. */
function idleTimers(Class: QueueClass): number {
  const queue = open(Class);
  const checks = vi.spyOn(queue, 'checkPendingRequests');
  queue.checkPendingRequests();
  vi.advanceTimersByTime(1_000);
  vi.clearAllTimers();
  return checks.mock.calls.length - 1;
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('leaves an idle connection without a timer, where the client as delivered fires one every millisecond', () => {
  stopIdleTimers();
  expect(idleTimers(require(FILE) as QueueClass)).toBe(0);
  expect(idleTimers(asDelivered())).toBeGreaterThan(500);
});

it('still sends what had to wait for a throttle', () => {
  stopIdleTimers();
  const queue = open(require(FILE) as QueueClass);
  queue.throttledUntil = Date.now() + 300;
  const sent = vi.fn();
  queue.push({ entry: { correlationId: 1 }, expectResponse: true, sendRequest: sent });
  vi.advanceTimersByTime(200);
  expect(sent).not.toHaveBeenCalled();
  vi.advanceTimersByTime(200);
  expect(sent).toHaveBeenCalledOnce();
});
