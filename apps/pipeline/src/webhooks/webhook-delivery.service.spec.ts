import type { ClaimedDelivery, WebhookDeliveryRepository } from '@housestyle/database';
import { tenantId } from '@housestyle/domain';
import { createLogger } from '@housestyle/telemetry';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { PipelineMetrics } from '../pipeline-metrics.js';
import { WebhookDeliveryService } from './webhook-delivery.service.js';
import type { WebhookSender } from './webhook-sender.js';

const LIMITS = { maxAtOnce: 4, maxFailing: 2, perWebhook: 4, perTenant: 4, leaseMs: 30_000 };
const FAILING = { pauseMs: 1_000, maxPauseMs: 1_000, disableAfterMs: 1_000 };
const TENANT = tenantId('7b0c2a52-95a7-4a4e-a6f5-3c9d0d9b7a10');

const delivery = { id: '1', tenantId: TENANT, isFailing: false } as ClaimedDelivery;

const serviceOver = (
  deliveries: Partial<WebhookDeliveryRepository>,
  send: () => Promise<unknown> = () => Promise.reject(new Error('nothing is to be sent')),
): WebhookDeliveryService =>
  new WebhookDeliveryService(
    deliveries as WebhookDeliveryRepository,
    { send } as unknown as WebhookSender,
    { limits: LIMITS, failing: FAILING },
    new PipelineMetrics(),
    createLogger('spec', 'silent'),
  );

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('asks a table that cannot be read ever less often, however many events call', async () => {
  const claim = vi.fn(() => Promise.reject(new Error('the table cannot be read')));
  const service = serviceOver({ claim });
  service.start();
  for (let index = 0; index < 290; index++) {
    await vi.advanceTimersByTimeAsync(10);
    service.wake();
  }
  // at once, after 1 s, and after 2 s more only
  expect(claim).toHaveBeenCalledTimes(2);
  await vi.advanceTimersByTimeAsync(200);
  expect(claim).toHaveBeenCalledTimes(3);
  await service.stop();
});

it('waits for the attempts under way when it stops, and claims nothing more', async () => {
  let answer: (outcome: unknown) => void = () => {};
  const claim = vi.fn().mockResolvedValueOnce([delivery]).mockResolvedValue([]);
  const record = vi.fn().mockResolvedValue('delivered');
  const service = serviceOver(
    { claim, record, load: () => Promise.resolve([delivery as never]), nextDueInMs: () => Promise.resolve(undefined) },
    () => new Promise((resolve) => (answer = resolve)),
  );
  service.start();
  await vi.advanceTimersByTimeAsync(10);
  const claims = claim.mock.calls.length;
  let hasStopped = false;
  const stopping = service.stop().then(() => (hasStopped = true));
  await vi.advanceTimersByTimeAsync(20_000);
  expect(hasStopped).toBe(false);
  answer({ kind: 'delivered' });
  await stopping;
  expect(record).toHaveBeenCalledOnce();
  expect(claim).toHaveBeenCalledTimes(claims);
});
