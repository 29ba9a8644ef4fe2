import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { LandingRepository } from '@housestyle/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCaptioner, type RunningCaptioner } from '../support/captioner.js';
import { isFull } from '../support/full.js';
import { startPipeline, type RunningPipeline } from '../support/pipeline.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { waitFor } from '../support/wait-for.js';

/** `HOUSESTYLE_FULL=transport npx vitest run --project system test/integration/captioner-stall.spec.ts` stalls for 120 s. */
const FULL = isFull('transport');
const STALL_MS = FULL ? 120_000 : 6_000;
const PICTURES = FULL ? 1_000 : 120;
const MAX_GROWTH_BYTES = 200 * 2 ** 20;
/** of the pipeline, in the short version; the long one takes the defaults. */
const SMALL = {
  PIPELINE_BATCH: '8',
  PIPELINE_CONCURRENCY: '2',
  CAPTION_TIMEOUT_MS: '1500',
  LEASE_MS: '5000',
};
/** What `PIPELINE_BATCH` × (`PIPELINE_CONCURRENCY` + 1), over a tenant's greatest share, come to. */
const CAPACITY = FULL ? Math.ceil((32 * 4) / 0.75) : Math.ceil((8 * 3) / 0.75);

describe.skipIf(process.platform !== 'linux')('a pipeline whose captioner stalls', () => {
  let test: TestDatabase;
  let captioner: RunningCaptioner;
  let pipeline: RunningPipeline;

  beforeAll(async () => {
    test = await createTestDatabase();
    captioner = await startCaptioner();
    pipeline = await startPipeline(test, {
      CAPTIONER_ADDRESS: captioner.address,
      FILE_ROOTS: resolve('samples'),
      DECODE_PROCESSES: '1',
      ...(FULL ? {} : SMALL),
    });
  });
  afterAll(async () => {
    captioner.app.process.kill('SIGCONT');
    await pipeline.app.stop();
    await captioner.close();
    await test.drop();
  });

  const memory = (): number => {
    const status = readFileSync(`/proc/${pipeline.app.process.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)![1]) * 1024;
  };
  const count = async (sql: string): Promise<number> => Number((await test.query<{ n: string }>(sql))[0]!.n);
  const captioned = () => count(`SELECT count(*) AS n FROM asset WHERE status = 'captioned'`);
  const leased = () => count(`SELECT count(*) AS n FROM asset WHERE leased_until > now()`);

  it(
    `keeps few leases and little memory for ${STALL_MS / 1000} s, then captions everything once`,
    { timeout: STALL_MS + 600_000 },
    async () => {
      const files = readdirSync('samples').filter((name) => name.endsWith('.png'));
      const tenants = [await test.provision(), await test.provision()];
      const uploads = Array.from({ length: PICTURES }, (_, n) => ({
        tenantId: tenants[n % tenants.length]!,
        assetId: `${n}.png`,
        version: '1',
        uri: pathToFileURL(join(resolve('samples'), files[n % files.length]!)).href,
      }));
      await new LandingRepository(test.database).land(uploads);
      await waitFor('captions to come', async () => (await captioned()) >= 8);

      const atFirst = memory();
      captioner.app.process.kill('SIGSTOP');
      const stalledAt = performance.now();
      const most = { memory: atFirst, leased: 0 };
      const seen = await captioned();
      while (performance.now() - stalledAt < STALL_MS) {
        most.memory = Math.max(most.memory, memory());
        most.leased = Math.max(most.leased, await leased());
        await new Promise((wake) => setTimeout(wake, 100));
      }
      const meanwhile = (await captioned()) - seen;
      captioner.app.process.kill('SIGCONT');
      const growth = Math.round((most.memory - atFirst) / 2 ** 20);
      console.log(
        `stall of ${STALL_MS / 1000} s: RSS ${Math.round(atFirst / 2 ** 20)} MB + ${growth} MB, at most ${most.leased} leased`,
      );

      // what had been answered just before may still have been written
      expect(meanwhile).toBeLessThanOrEqual(CAPACITY);
      expect(most.leased).toBeGreaterThan(0);
      expect(most.leased).toBeLessThanOrEqual(CAPACITY);
      expect(most.memory - atFirst).toBeLessThanOrEqual(MAX_GROWTH_BYTES);
      await waitFor('every picture to be captioned', async () => (await captioned()) === PICTURES, {
        timeoutMs: 500_000,
        everyMs: 250,
      });
      expect(await count('SELECT count(*) AS n FROM suggestion')).toBe(PICTURES);
      expect(await count('SELECT count(DISTINCT asset_row_id) AS n FROM suggestion')).toBe(PICTURES);
    },
  );
});
