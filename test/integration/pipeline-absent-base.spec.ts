import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { LandingRepository } from '@housestyle/database';
import type { TenantId } from '@housestyle/domain';
import { expect, it, onTestFinished } from 'vitest';
import { DEMO, DEMO_RU } from '../support/bases.js';
import { startCaptioner } from '../support/captioner.js';
import { startPipeline } from '../support/pipeline.js';
import { createTestDatabase } from '../support/postgres.js';
import { waitFor } from '../support/wait-for.js';

const SAMPLE = pathToFileURL(resolve('samples', 'samples-00000.png')).href;
/** more than a pipeline holds at once */
const BACKLOG = 300;

it('keeps the pictures of a base model that the captioner does not list, and captions the others’ meanwhile', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'housestyle-absent-'));
  const [database, typo] = await Promise.all([createTestDatabase(), startCaptioner({ MODEL_DIRECTORIES: DEMO })]);
  const pipeline = await startPipeline(database, {
    CAPTIONER_ADDRESS: typo.address,
    UPLOAD_STORE: join(folder, 'uploads'),
    FILE_ROOTS: resolve('samples'),
  });
  const closing = [() => typo.close(), () => pipeline.app.stop()];
  onTestFinished(async () => {
    for (const close of closing.reverse()) await close();
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  });

  const [absent, present] = [await database.provision({ baseModel: 'demo-ru' }), await database.provision()];
  const land = (tenantId: TenantId, count: number) =>
    new LandingRepository(database.database).land(
      Array.from({ length: count }, (_, n) => ({ tenantId, assetId: `${n}`, version: '1', uri: SAMPLE })),
    );
  const states = async (tenant: TenantId): Promise<Record<string, number>> => {
    const rows = await database.query<{ status: string; count: number }>(
      'SELECT status::text, count(*)::int AS count FROM asset WHERE tenant_id = $1 GROUP BY status',
      [tenant],
    );
    return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
  };

  await land(absent, BACKLOG);
  const isTold = () => pipeline.app.output().includes('pictures wait for their base model');
  await waitFor('the error', isTold);
  await land(present, 20);
  await waitFor('the captions of others', async () => (await states(present))['captioned'] === 20);
  // looked at again meanwhile, more than once
  await new Promise((resolve) => setTimeout(resolve, 22_000));
  expect(await states(absent)).toEqual({ received: BACKLOG });
  await waitFor('nothing of it to be held', async () => {
    const [row] = await database.query('SELECT count(lease_token)::int AS held FROM asset');
    return row!['held'] === 0;
  });
  const charged = await database.query('SELECT id FROM asset WHERE tenant_id = $1 AND attempts > 0', [absent]);
  expect(charged).toEqual([]);
  const told = pipeline.app.output().match(/pictures wait for their base model[^\n]*/g)!;
  expect(told).toHaveLength(1);
  expect(told[0]).toMatch(/does not serve .*demo-ru.*MODEL_DIRECTORIES/);

  // mended: the captioner comes back with both
  await typo.close();
  closing.shift();
  const mended = await startCaptioner({
    MODEL_DIRECTORIES: [DEMO, DEMO_RU].join(','),
    CAPTIONER_PORT: typo.address.split(':')[1]!,
  });
  closing.unshift(() => mended.close());
  await waitFor('its captions', async () => ((await states(absent))['captioned'] ?? 0) > 0, { timeoutMs: 60_000 });
  expect((await states(absent))['failed']).toBeUndefined();
});
