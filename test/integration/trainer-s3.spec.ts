import { describeBaseModel } from '@housestyle/checkpoints';
import { MapperVersionRepository, TrainingRunRepository, TrainingScheduleRepository } from '@housestyle/database';
import { S3ObjectStore } from '@housestyle/object-store';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startApp, type AppProcess } from '../support/app-process.js';
import { demoPixels, startCaptioner, type RunningCaptioner } from '../support/captioner.js';
import { describeWith } from '../support/describe-with.js';
import { freePort } from '../support/free-port.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { requirements } from '../support/requirements.js';
import { reviewPictures } from '../support/reviewed-captions.js';
import { startS3, type S3Server } from '../support/s3.js';
import { waitFor } from '../support/wait-for.js';

const SAMPLE = new URL('../../samples/samples-00003.png', import.meta.url).pathname;

describeWith([requirements.s3()], 'a trainer whose artefact store is a bucket', () => {
  let server: S3Server;
  let test: TestDatabase;
  let store: S3ObjectStore;
  let captioner: RunningCaptioner;
  let trainer: AppProcess | undefined;
  let bucket: Record<string, string>;

  beforeAll(async () => {
    [server, test] = await Promise.all([startS3(['artefacts']), createTestDatabase()]);
    bucket = {
      ARTEFACT_STORE: 's3://artefacts/house/style',
      S3_ENDPOINT: server.endpoint,
      AWS_ACCESS_KEY_ID: 'anyone',
      AWS_SECRET_ACCESS_KEY: 'anything',
    };
    captioner = await startCaptioner(bucket);
    const credentials = { accessKeyId: 'anyone', secretAccessKey: 'anything' };
    store = new S3ObjectStore({ bucket: 'artefacts', prefix: 'house/style', endpoint: server.endpoint, credentials });
  }, 120_000);
  afterAll(async () => {
    await trainer?.stop('SIGKILL');
    await captioner?.close();
    await store?.close();
    await server?.stop();
    await test?.drop();
  });

  const startTrainer = async (): Promise<AppProcess> => {
    const metricsPort = await freePort();
    return startApp('trainer', {
      main: 'test/support/trainer-with-slow-adaptation.mjs',
      environment: {
        DATABASE_URL: test.adminUrl,
        METRICS_PORT: String(metricsPort),
        TRAINER_POLL_MS: '300',
        FAKE_STEP_MS: '40',
        ...bucket,
      },
      readyUrl: `http://127.0.0.1:${metricsPort}/readyz`,
    });
  };

  it('keeps its checkpoints there for the next, and promotes what the captioner pulls from there', async () => {
    const tenant = await test.provision();
    await new TrainingScheduleRepository(test.database).put(tenant, { isEnabled: false, minimumSamples: 5 });
    await reviewPictures(test, tenant, 6, { base: await describeBaseModel('models/demo') });
    const runs = new TrainingRunRepository(test.database);
    const { id } = (await runs.request(tenant, 'demand')).run;
    trainer = await startTrainer();
    const checkpoint = `checkpoints/${tenant}/${id}/steps`;
    await waitFor('a checkpoint', () => store.exists(checkpoint));
    await trainer.stop('SIGKILL');

    trainer = await startTrainer();
    const run = await waitFor('the run to end', async () => {
      const seen = await runs.get(tenant, id);
      return seen?.finishedAt && seen;
    });
    expect(run).toMatchObject({ status: 'promoted', attempts: 2 });
    expect(Number(run.figures?.['takenUpAt'])).toBeGreaterThan(0);
    await waitFor('the checkpoints to go', async () => {
      const left = await Promise.all(
        [checkpoint, `checkpoints/${tenant}/${id}/index.json`].map((key) => store.exists(key)),
      );
      return left.every((isThere) => !isThere);
    });

    const champion = (await new MapperVersionRepository(test.database).champion(tenant))!;
    expect(await store.exists(`${champion.key}/manifest.json`)).toBe(true);
    const { results } = await captioner.client.caption(
      {
        baseModel: 'demo',
        generation: null,
        items: [{ id: 'one', pixels: { rgb: await demoPixels(SAMPLE) }, mapper: champion }],
      },
      { deadlineMs: 60_000 },
    );
    expect(results[0]).toMatchObject({ status: { code: 'ok' }, mapperId: champion.id });
  });
});
