import { CaptioningRepository, LandingRepository, LeaseRepository } from '@housestyle/database';
import { createLogger } from '@housestyle/telemetry';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CaptionWorkerService } from '../../apps/pipeline/dist/captioning/caption-worker.service.js';
import { HeldLeases } from '../../apps/pipeline/dist/captioning/held-leases.js';
import { PipelineMetrics } from '../../apps/pipeline/dist/pipeline-metrics.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { waitFor } from '../support/wait-for.js';

let test: TestDatabase;

beforeAll(async () => {
  test = await createTestDatabase();
});

afterAll(async () => {
  await test?.drop();
});

it('charges an asset with no attempt while its tenant cannot be read', async () => {
  const tenantId = await test.provision();
  const upload = { tenantId, assetId: 'a.jpg', version: '1', uri: 'https://pictures.example/a.jpg' };
  await new LandingRepository(test.database).land([upload]);

  const captioning = new CaptioningRepository(test.database);
  let reads = 0;
  captioning.loadTasks = () => {
    reads += 1;
    return Promise.reject(new Error('the app role cannot log in'));
  };
  const logger = createLogger('spec', 'silent');
  const leases = new LeaseRepository(test.database);
  const held = new HeldLeases(
    leases,
    { capacity: 1, leaseMs: 60_000, workerId: 'spec' },
    new PipelineMetrics(),
    logger,
  );
  const stages = { bases: { isKnown: true }, stage: { stop: () => Promise.resolve() } };
  const worker = new CaptionWorkerService(held, { leases, captioning }, stages as never, { leaseSize: 1 }, logger);
  worker.start();
  await waitFor('three tries', () => reads >= 3);
  await worker.stop(1_000);

  const [row] = await test.query('SELECT status, attempts, lease_token, next_attempt_at <= now() AS is_due FROM asset');
  expect(row).toEqual({ status: 'received', attempts: 0, lease_token: null, is_due: true });
});
