import { randomUUID } from 'node:crypto';
import { EVENT_TYPES } from '@housestyle/contracts';
import { OutboxRelay, type OutboxEvent, type OutboxPort } from '@housestyle/messaging';
import { createLogger } from '@housestyle/telemetry';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { PipelineMetrics } from '../pipeline-metrics.js';
import { RelayService } from './relay.service.js';

const event = (index: number): OutboxEvent => ({
  id: BigInt(index),
  eventId: randomUUID(),
  type: EVENT_TYPES.captionSuggested,
  key: 'k',
  createdAt: new Date(0),
  payload: {},
  attempts: 1,
});

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('publishes a backlog without a pause, and pauses after a batch that was not full', async () => {
  const outbox = Array.from({ length: 25 }, (_, index) => event(index));
  const batches: number[] = [];
  const port: OutboxPort = {
    claim: async (limit) => outbox.splice(0, limit),
    markPublished: async (events) => void batches.push(events.length),
    release: () => Promise.reject(new Error('nothing is refused')),
  };
  const relay = new OutboxRelay(port, { publish: async () => {} }, { batchSize: 10, leaseMs: 1_000 });
  const backlog = { backlog: async () => ({ count: outbox.length, oldestMs: 0 }) };
  const service = new RelayService(relay, backlog, new PipelineMetrics(), createLogger('spec', 'silent'));
  service.start();
  await vi.advanceTimersByTimeAsync(0);
  expect(batches).toEqual([10, 10, 5]);
  outbox.push(event(25));
  service.wake();
  await vi.advanceTimersByTimeAsync(50);
  expect(batches).toHaveLength(3);
  await vi.advanceTimersByTimeAsync(60);
  expect(batches).toEqual([10, 10, 5, 1]);
  await service.stop();
});
