import { CaptionerClient } from '@housestyle/contracts/captioner';
import { expect, it, onTestFinished, vi } from 'vitest';
import { BaseModels } from '../../apps/pipeline/dist/captioning/base-models.js';
import { PipelineService } from '../../apps/pipeline/dist/pipeline.service.js';
import { startEchoCaptioner } from '../support/echo-captioner.js';
import { createTestDatabase } from '../support/postgres.js';
import { waitFor } from '../support/wait-for.js';

it('is not ready when the captioner has been away for a minute, though no picture comes', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const [test, echo] = [await createTestDatabase(), await startEchoCaptioner()];
  const captioner = new CaptionerClient(echo.address);
  const bases = new BaseModels(captioner);
  const worker = {
    start: () => {},
    stop: async () => {},
    wake: () => {},
    retry: () => {},
    get failingForMs() {
      return bases.failingForMs;
    },
  };
  const nothing = { open: async () => {}, close: async () => {} };
  const webhooks = { service: { start() {}, wake() {}, retry() {}, stop: async () => {} }, close: async () => {} };
  const connections = { database: test.database, captioner, fetcher: nothing, decoders: nothing, webhooks };
  const pipeline = new PipelineService(worker as never, bases, undefined, connections as never);
  onTestFinished(async () => {
    vi.useRealTimers();
    await pipeline.stop(1_000);
    await test.drop();
  });
  await bases.refresh();
  await pipeline.start();
  expect(await pipeline.isReady()).toBe(true);

  echo.close();
  vi.advanceTimersByTime(31_000);
  // probes go on; the first that asks finds out
  await waitFor('the failure', async () => {
    expect(await pipeline.isReady()).toBe(true);
    vi.advanceTimersByTime(1);
    return bases.failingForMs > 0;
  });
  vi.advanceTimersByTime(59_000);
  expect(await pipeline.isReady()).toBe(true);
  vi.advanceTimersByTime(2_000);
  await expect(pipeline.isReady()).rejects.toThrow('the captioner has not answered for a minute');
});
