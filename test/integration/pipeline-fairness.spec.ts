import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { LandingRepository } from '@housestyle/database';
import { expect, it, onTestFinished } from 'vitest';
import { startCaptioner } from '../support/captioner.js';
import { startPipeline } from '../support/pipeline.js';
import { createTestDatabase } from '../support/postgres.js';
import { waitFor } from '../support/wait-for.js';

it('captions one tenant’s picture while 300 of another never arrive', async () => {
  let hanging = 0;
  let ended = 0;
  const web = createServer((_, response) => {
    hanging += 1;
    response.on('close', () => (ended += 1));
  });
  await new Promise<void>((done) => web.listen(0, '127.0.0.1', done));
  const folder = await mkdtemp(join(tmpdir(), 'housestyle-fairness-'));
  const [database, captioner] = await Promise.all([createTestDatabase(), startCaptioner()]);
  const pipeline = await startPipeline(database, {
    CAPTIONER_ADDRESS: captioner.address,
    UPLOAD_STORE: join(folder, 'uploads'),
    FILE_ROOTS: resolve('samples'),
    ALLOW_PRIVATE_ADDRESSES: 'yes',
    FETCH_TIMEOUT_MS: '600000',
  });
  onTestFinished(async () => {
    await pipeline.app.stop();
    await captioner.close();
    await database.drop();
    web.closeAllConnections();
    web.close();
    await rm(folder, { recursive: true, force: true });
  });

  const [slow, quick] = [await database.provision(), await database.provision()];
  const landing = new LandingRepository(database.database);
  const uri = (index: number) => `http://127.0.0.1:${(web.address() as AddressInfo).port}/${index}`;
  await landing.land(
    Array.from({ length: 300 }, (_, index) => ({
      tenantId: slow,
      assetId: `${index}`,
      version: '1',
      uri: uri(index),
    })),
  );
  await waitFor('all the places it can get', async () => {
    const before = await pipeline.metric('housestyle_pipeline_held_assets');
    return before >= 128 && hanging >= 24;
  });

  const picture = pathToFileURL(resolve('samples', 'samples-00000.png')).href;
  await landing.land([{ tenantId: quick, assetId: 'quick', version: '1', uri: picture }]);
  const begun = performance.now();
  await waitFor('the other tenant’s caption', async () => {
    const [row] = await database.query(`SELECT status FROM asset WHERE asset_id = 'quick'`);
    return row?.['status'] === 'captioned';
  });
  console.log(`captioned ${Math.round(performance.now() - begun)} ms after it landed`);
  expect(ended).toBe(0);
});
