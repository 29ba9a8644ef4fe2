import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describeBaseModel, openMapperArtefact, writeMapperArtefact } from '@housestyle/checkpoints';
import {
  MapperVersionRepository,
  TrainingRunRepository,
  TrainingScheduleRepository,
  type TrainingRunDetail,
} from '@housestyle/database';
import type { TenantId } from '@housestyle/domain';
import type { AdaptationOutcome } from '@housestyle/training';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { demoAdapt, embeddings, inputOf, textsOf, unwatched } from '../learning/demo-styles.mjs';
import { startApp, type AppProcess } from '../support/app-process.js';
import { freePort } from '../support/free-port.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { reviewPictures } from '../support/reviewed-captions.js';
import { waitFor } from '../support/wait-for.js';

const TEXTS = textsOf('museum').map(({ text }) => text);
const SEED = 4711;
const RUN_TIMEOUT_MS = 400_000;

let test: TestDatabase;
let runs: TrainingRunRepository;
let mappers: MapperVersionRepository;
let artefacts: string;
let base: { name: string; sha256: string };
let trainers: AppProcess[] = [];
let learned: Promise<AdaptationOutcome> | undefined;

beforeAll(async () => {
  test = await createTestDatabase();
  runs = new TrainingRunRepository(test.database);
  mappers = new MapperVersionRepository(test.database);
  artefacts = await mkdtemp(path.join(tmpdir(), 'housestyle-artefacts-'));
  base = await describeBaseModel('models/demo');
});
afterEach(async () => {
  for (const trainer of trainers) await trainer.stop('SIGKILL');
  trainers = [];
});
afterAll(async () => {
  await test.drop();
  await rm(artefacts, { recursive: true, force: true });
});

/** The trainer as it is shipped. */
async function startTrainer(): Promise<AppProcess> {
  const metricsPort = await freePort();
  const app = await startApp('trainer', {
    environment: {
      DATABASE_URL: test.adminUrl,
      MODEL_DIRECTORIES: 'models/demo',
      ARTEFACT_STORE: artefacts,
      METRICS_PORT: String(metricsPort),
      TRAINER_POLL_MS: '300',
      TRAINER_THREADS: '1',
    },
    readyUrl: `http://127.0.0.1:${metricsPort}/readyz`,
  });
  trainers.push(app);
  return app;
}

/** A tenant whose editors have put `count` of the demo's pictures into the museum's words. */
async function museum(count: number): Promise<TenantId> {
  const tenant = await test.provision();
  await new TrainingScheduleRepository(test.database).put(tenant, { isEnabled: false, minimumSamples: 5 });
  await reviewPictures(test, tenant, count, {
    base,
    embedding: (n) => embeddings[n]!,
    review: (n) => ({ decision: 'corrected', text: TEXTS[n]!, editor: 'ana' }),
  });
  return tenant;
}

async function demand(tenant: TenantId): Promise<string> {
  const { run } = await runs.request(tenant, 'demand');
  await test.query(`UPDATE training_run SET seed = $2 WHERE id = $1`, [run.id, SEED]);
  return run.id;
}

/** A champion that has learned the style already. */
async function promoteByHand(tenant: TenantId, key: string): Promise<string> {
  learned ??= demoAdapt().then(({ adapt }) => adapt(inputOf(TEXTS, 50), unwatched()));
  const { candidate } = await learned;
  const sha256 = await writeMapperArtefact(path.join(artefacts, key), { ...candidate!, base });
  const version = { name: key, baseModel: base.name, baseSha256: base.sha256, sha256, key } as const;
  const { id } = await mappers.register(tenant, { ...version, kind: 'delta' });
  await mappers.promote(tenant, id, 'a start');
  return id;
}

const ended = (tenant: TenantId, id: string): Promise<TrainingRunDetail> =>
  waitFor(
    'the run to end',
    async () => {
      const run = await runs.get(tenant, id);
      return run?.finishedAt && run;
    },
    { timeoutMs: RUN_TIMEOUT_MS },
  );

/** What a run came to, as far as reviews and seed decide it. */
const outcomeOf = async (tenant: TenantId, { status, reason, figures, examples, ...run }: TrainingRunDetail) => ({
  status,
  reason,
  figures,
  captions: examples.map(({ reference, before, after }) => [reference, before, after]),
  trainableParameters: run.trainableParameters,
  curve: run.curve,
  artefact: (await mappers.champion(tenant))?.sha256,
});

describe('the recipe in the trainer', { timeout: 3 * RUN_TIMEOUT_MS }, () => {
  it('that is killed in the middle comes, taken up again, to what it would have come to', async () => {
    const [tenant, twin] = [await museum(24), await museum(24)];
    const id = await demand(tenant);
    const first = await startTrainer();
    const checkpoints = path.join(artefacts, 'checkpoints', tenant, id);
    const saved = async () => (existsSync(checkpoints) ? await readdir(checkpoints) : []);
    const isTraining = async () => (await saved()).includes('training.unfinished');
    await waitFor('a checkpoint', isTraining, { timeoutMs: RUN_TIMEOUT_MS, everyMs: 5 });
    await first.stop('SIGKILL');
    expect(await saved()).not.toContain('candidate');
    expect(await runs.summary(tenant, id)).toMatchObject({ status: 'running', attempts: 1 });

    const second = await startTrainer();
    const resumed = await ended(tenant, id);
    expect(resumed).toMatchObject({ attempts: 2 });
    expect(resumed.reason).not.toMatch(/:/);
    await second.stop();
    const twins = await demand(twin); // while no trainer could begin it before it has its seed
    await startTrainer();
    const whole = await ended(twin, twins);
    expect(whole).toMatchObject({ attempts: 1 });
    expect(await outcomeOf(tenant, resumed)).toEqual(await outcomeOf(twin, whole));
    await waitFor('the checkpoints to go', async () => (await saved()).length === 0);
  });

  it('starts from the champion, and measures against it', async () => {
    const tenant = await museum(60);
    const champion = await promoteByHand(tenant, 'mappers/by-hand');
    await startTrainer();
    const run = await ended(tenant, await demand(tenant));
    expect(run.status, run.reason).toMatch(/^(promoted|refused)$/);
    expect(run.championBefore?.id).toBe(champion);
    const { champion: before, candidate: after } = run.figures as Record<string, { editDistance: number }>;
    // the base's own is at 0.4 and more
    expect(before!.editDistance).toBeLessThan(0.25);
    expect(after!.editDistance).toBeLessThan(0.25);
    expect(run.holdOutCount).toBe(12);
    if (run.status === 'promoted') {
      const promoted = (await mappers.champion(tenant))!;
      const artefact = await openMapperArtefact(path.join(artefacts, promoted.key), { sha256: promoted.sha256, base });
      expect(artefact.decoderDelta).toBeDefined();
    }
  });

  it('fails, and says why, when the champion’s artefact is damaged', async () => {
    const tenant = await museum(20);
    const id = await promoteByHand(tenant, 'mappers/damaged');
    const file = path.join(artefacts, 'mappers/damaged/decoder_delta.safetensors');
    const bytes = await readFile(file);
    bytes[bytes.length - 7]! ^= 1;
    await writeFile(file, bytes);
    await startTrainer();
    const run = await ended(tenant, await demand(tenant));
    expect(run).toMatchObject({ status: 'failed', reason: expect.stringMatching(/checksum_mismatch/) as string });
    expect((await mappers.champion(tenant))?.id).toBe(id);
  });
});
