import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describeBaseModel, openMapperArtefact } from '@housestyle/checkpoints';
import {
  ErasureRepository,
  LearningRepository,
  lockTraining,
  MapperVersionRepository,
  TrainingLifecycleRepository,
  TrainingRunRepository,
  TrainingScheduleRepository,
  type TrainingRunDetail,
} from '@housestyle/database';
import { DEFAULT_TRAINING_SCHEDULE, type TenantId, type TrainingSchedule } from '@housestyle/domain';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type AppProcess } from '../support/app-process.js';
import { freePort } from '../support/free-port.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { reviewPictures, type PictureOptions } from '../support/reviewed-captions.js';
import { waitFor } from '../support/wait-for.js';

let test: TestDatabase;
let runs: TrainingRunRepository;
let mappers: MapperVersionRepository;
let artefacts: string;
let gates: string;
let base: { name: string; sha256: string };
let trainers: RunningTrainer[] = [];

interface RunningTrainer {
  readonly app: AppProcess;
  readonly url: string;
}

beforeAll(async () => {
  test = await createTestDatabase();
  runs = new TrainingRunRepository(test.database);
  mappers = new MapperVersionRepository(test.database);
  artefacts = await mkdtemp(path.join(tmpdir(), 'housestyle-artefacts-'));
  gates = await mkdtemp(path.join(tmpdir(), 'housestyle-gates-'));
  base = await describeBaseModel('models/demo');
});
afterEach(async () => {
  for (const { app } of trainers) await app.stop('SIGKILL');
  trainers = [];
  // what a test leaves unfinished keeps no other's trainer busy
  await test.query(`UPDATE training_schedule SET is_enabled = false`);
  await test.query(`UPDATE training_run SET status = 'cancelled', finished_at = now() WHERE finished_at IS NULL`);
});
afterAll(async () => {
  await test.drop();
  for (const directory of [artefacts, gates]) await rm(directory, { recursive: true, force: true });
});

/** A trainer process that pretends to train. */
async function startTrainer(environment: Readonly<Record<string, string>> = {}): Promise<RunningTrainer> {
  const metricsPort = await freePort();
  const url = `http://127.0.0.1:${metricsPort}`;
  const app = await startApp('trainer', {
    main: 'test/support/trainer-with-slow-adaptation.mjs',
    environment: {
      DATABASE_URL: test.adminUrl,
      ARTEFACT_STORE: artefacts,
      METRICS_PORT: String(metricsPort),
      TRAINER_POLL_MS: '300',
      ...environment,
    },
    readyUrl: `${url}/readyz`,
  });
  trainers.push({ app, url });
  return trainers.at(-1)!;
}

/** What trainers need so that their runs, of 20 steps, stay at the tenth until it is opened. */
function halfwayGate() {
  const file = path.join(gates, randomUUID());
  return { environment: { FAKE_STEPS: '20', FAKE_GATE: file }, open: () => writeFile(file, '') };
}

const ONLY_ON_DEMAND = { isEnabled: false, minimumSamples: 5 };

async function tenantWithReviews(
  count: number,
  schedule: TrainingSchedule = ONLY_ON_DEMAND,
  options: PictureOptions = {},
): Promise<TenantId> {
  const tenant = await test.provision();
  await new TrainingScheduleRepository(test.database).put(tenant, schedule);
  await reviewPictures(test, tenant, count, { base, ...options });
  return tenant;
}

const ended = (tenant: TenantId, id: string): Promise<TrainingRunDetail> =>
  waitFor('the run to end', async () => {
    const run = await runs.get(tenant, id);
    return run?.finishedAt && run;
  });

const hasReached = (tenant: TenantId, id: string, step: number) =>
  waitFor(`step ${step}`, async () => ((await runs.summary(tenant, id))?.progress?.step ?? 0) >= step);

const allRuns = async (tenant: TenantId) => (await runs.list(tenant, { limit: 50 })).items;

async function demand(tenant: TenantId): Promise<string> {
  return (await runs.request(tenant, 'demand')).run.id;
}

const storedMappers = () => readdir(path.join(artefacts, 'mappers')).catch((): string[] => []);

/**
 * Has a trainer do the run until its artefact is stored, and kills it before it is promoted.
 * @returns the artefact's sha256
 */
async function killBeforePromotion(tenant: TenantId, id: string, gate: ReturnType<typeof halfwayGate>) {
  const { app } = await startTrainer(gate.environment);
  await hasReached(tenant, id, 10);
  const before = new Set(await storedMappers());
  const administrator = new pg.Client(test.adminUrl);
  await administrator.connect();
  await administrator.query('BEGIN; LOCK TABLE mapper_version IN ACCESS EXCLUSIVE MODE');
  await gate.open();
  const [stored] = await waitFor('the artefact', async () => {
    const added = (await storedMappers()).filter((sha256) => !before.has(sha256));
    return added.some((sha256) => existsSync(path.join(artefacts, 'mappers', sha256, 'manifest.json'))) && added;
  });
  await waitFor('the promotion to be on its way', async () => {
    const waiting = await administrator.query(
      `SELECT 1 FROM pg_locks JOIN pg_class ON pg_class.oid = relation WHERE relname = 'mapper_version' AND NOT granted`,
    );
    return waiting.rowCount! > 0;
  });
  await app.stop('SIGKILL');
  await administrator.query('ROLLBACK');
  await administrator.end();
  return stored!;
}

describe('a trainer', () => {
  it('does what is asked for, shows how far it is, and promotes an artefact that opens', async () => {
    const tenant = await tenantWithReviews(6);
    const { url } = await startTrainer();
    const id = await demand(tenant);
    await hasReached(tenant, id, 5);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    const run = await ended(tenant, id);
    expect(run).toMatchObject({ status: 'promoted', attempts: 1, trainingCount: 6, reason: 'pretended promote' });

    const champion = (await mappers.champion(tenant))!;
    expect(champion.key).toBe(`mappers/${champion.sha256}`);
    const artefact = await openMapperArtefact(path.join(artefacts, champion.key), { sha256: champion.sha256, base });
    expect(artefact.decoderDelta?.read('transformer.h.0.attn.c_attn.A')).toHaveLength(96);
    // the checkpoints are gone, and nothing half-written is left
    const left = await waitFor('the checkpoints to go', async () => {
      const files = await readdir(artefacts, { recursive: true });
      return !files.some((file) => file.startsWith(`checkpoints/${tenant}/${id}/`)) && files;
    });
    expect(left.filter((file) => file.startsWith('mappers/')).length).toBeGreaterThanOrEqual(4);

    const again = await ended(tenant, await demand(tenant));
    expect(again).toMatchObject({ championBefore: { id: champion.id }, figures: { hasChampion: true } });
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toMatch(/housestyle_trainer_ended_total\{.*status="promoted".*\} 2/);
  });

  it('starts by itself when there are enough new reviews, and not again before there are', async () => {
    await startTrainer({ FAKE_STEPS: '3' });
    const schedule = { ...DEFAULT_TRAINING_SCHEDULE, newReviews: 6, minimumSamples: 6 };
    const tenant = await tenantWithReviews(5, schedule);
    await reviewPictures(test, tenant, 1, { base });
    const [run] = await waitFor('a run', async () => {
      const all = await allRuns(tenant);
      return all[0]?.finishedAt && all;
    });
    expect(run).toMatchObject({ trigger: 'threshold', status: 'promoted', trainingCount: 6 });
    await reviewPictures(test, tenant, 6, { base });
    await waitFor('the next', async () => (await allRuns(tenant)).length === 2);
  });

  it('starts again for the reviews that came while it was at work', async () => {
    const gate = halfwayGate();
    await startTrainer(gate.environment);
    const tenant = await tenantWithReviews(5, { ...DEFAULT_TRAINING_SCHEDULE, newReviews: 5, minimumSamples: 5 });
    await waitFor('the first at work', async () => (await allRuns(tenant))[0]?.progress);
    await reviewPictures(test, tenant, 5, { base });
    await gate.open();
    const all = await waitFor('the next to end', async () => {
      const seen = await allRuns(tenant);
      return seen.length === 2 && seen.every(({ finishedAt }) => finishedAt) && seen;
    });
    expect(all.map(({ trainingCount, trigger }) => [trainingCount, trigger])).toEqual([
      [10, 'threshold'],
      [5, 'threshold'],
    ]);
  });

  it('starts when what is enough is lowered to what there is', async () => {
    await startTrainer({ FAKE_STEPS: '3' });
    const tenant = await tenantWithReviews(6, DEFAULT_TRAINING_SCHEDULE);
    const schedule = { ...DEFAULT_TRAINING_SCHEDULE, newReviews: 6, minimumSamples: 6 };
    await new TrainingScheduleRepository(test.database).put(tenant, schedule);
    await waitFor('a run', async () => (await allRuns(tenant)).length === 1);
  });

  it('keeps no tenant waiting for another’s run that cannot begin, and gives that up', async () => {
    const [broken, tenant] = [await tenantWithReviews(6), await tenantWithReviews(6)];
    await test.query(`UPDATE embedding SET values = '\\x0102' WHERE tenant_id = $1`, [broken]);
    const [brokenId, id] = [await demand(broken), await demand(tenant)];
    await startTrainer({ FAKE_STEPS: '3', LOG_LEVEL: 'silent' });
    expect(await ended(tenant, id)).toMatchObject({ status: 'promoted' });
    expect(await ended(broken, brokenId)).toMatchObject({ status: 'failed', attempts: 5 });
  });

  it('starts by the timetable', async () => {
    // with seconds, which the api would not take
    const everySecond = { cron: '* * * * * *', minimumSamples: 5 };
    const tenant = await tenantWithReviews(6, { ...everySecond, isEnabled: true });
    const quiet = await tenantWithReviews(6, { ...everySecond, isEnabled: false });
    await startTrainer({ FAKE_STEPS: '3' });
    const [run] = await waitFor('a run', async () => {
      const all = await allRuns(tenant);
      return all[0]?.finishedAt && all;
    });
    expect(run).toMatchObject({ trigger: 'schedule', status: 'promoted' });
    // no new review, no further run; learning that is switched off, none at all
    expect(await allRuns(tenant)).toHaveLength(1);
    expect(await allRuns(quiet)).toEqual([]);
  });

  it('makes up for an hour of the timetable at which no trainer was there', async () => {
    const inTwelveHours = new Date(Date.now() + 12 * 3_600_000);
    const cron = `${inTwelveHours.getUTCMinutes()} ${inTwelveHours.getUTCHours()} * * *`;
    const daily = { isEnabled: true, cron, minimumSamples: 5 };
    const [late, early] = [await tenantWithReviews(6, daily), await tenantWithReviews(6, daily)];
    const [cancelled, failed] = [await tenantWithReviews(6, daily), await tenantWithReviews(6, daily)];
    for (const tenant of [late, cancelled, failed]) {
      await test.query(`UPDATE review SET updated_at = updated_at - interval '2 days' WHERE tenant_id = $1`, [tenant]);
    }
    // the hour was twelve hours ago
    const endRun = (tenant: TenantId, status: string, hoursAgo: number) =>
      test.query(
        `INSERT INTO training_run (tenant_id, trigger, seed, status, requested_at, finished_at)
        VALUES ($1, 'schedule', 1, $2::training_status, now() - make_interval(hours => $3), now())`,
        [tenant, status, hoursAgo],
      );
    await endRun(cancelled, 'cancelled', 11);
    await endRun(failed, 'failed', 11);
    await endRun(late, 'failed', 36);
    await startTrainer({ FAKE_STEPS: '3' });
    const [run] = await waitFor('a run', async () => {
      const all = await allRuns(late);
      return all.length === 2 && all[0]!.finishedAt && all;
    });
    expect(run).toMatchObject({ trigger: 'schedule', status: 'promoted' });
    expect(await allRuns(early)).toEqual([]);
    // what a person has stopped, or what is bound to fail, waits for the next hour
    for (const tenant of [cancelled, failed]) expect(await allRuns(tenant)).toHaveLength(1);
  });

  it('refuses, fails and cancels with its reasons, and the champion stays', async () => {
    const tenant = await tenantWithReviews(6);
    const { app } = await startTrainer({ FAKE_DECISION: 'refuse', FAKE_STEPS: '3' });
    expect(await ended(tenant, await demand(tenant))).toMatchObject({ status: 'refused', reason: 'pretended refuse' });
    expect(await app.stop()).toBe(0);

    const thrower = await startTrainer({ FAKE_DECISION: 'throw', LOG_LEVEL: 'silent' });
    expect(await ended(tenant, await demand(tenant))).toMatchObject({
      status: 'failed',
      reason: 'internal: the recipe does not work',
    });
    await thrower.app.stop();

    const crasher = await startTrainer({ FAKE_DECISION: 'crash', LOG_LEVEL: 'silent' });
    expect(await ended(tenant, await demand(tenant))).toMatchObject({
      status: 'failed',
      reason: 'internal: the thread ended without an outcome',
    });
    await crasher.app.stop();

    await startTrainer({ FAKE_STEPS: '10000' });
    const id = await demand(tenant);
    await hasReached(tenant, id, 1);
    await runs.cancel(tenant, id);
    expect(await ended(tenant, id)).toMatchObject({ status: 'cancelled', reason: 'cancelled on request' });
    expect(await mappers.list(tenant)).toEqual([]);
  });

  it('leaves a run to others while it does not have the base model, and says so when nobody has', async () => {
    const tenant = await test.provision({ baseModel: 'elsewhere' });
    const { url } = await startTrainer({ TRAINER_POLL_MS: '100' });
    const id = await demand(tenant);
    const other = await tenantWithReviews(6);
    await ended(other, await demand(other));
    expect(await runs.summary(tenant, id)).toMatchObject({ status: 'requested', attempts: 0 });
    expect((await fetch(`${url}/readyz`)).ok).toBe(true);
    expect(await ended(tenant, id)).toMatchObject({
      status: 'failed',
      reason: 'no trainer has the base model elsewhere',
    });
  });

  it('leaves a run to the trainer that had begun it, however long ago, and clears up when nobody comes', async () => {
    const tenant = await test.provision({ baseModel: 'elsewhere' });
    const elsewhere = { name: 'elsewhere', sha256: 'e15e'.repeat(16) };
    await reviewPictures(test, tenant, 6, { base: elsewhere });
    const id = await demand(tenant);
    const lifecycle = new TrainingLifecycleRepository(test.database);
    await lifecycle.begin({ tenantId: tenant, runId: id }, elsewhere);
    await test.query(`UPDATE training_run SET requested_at = now() - interval '1 hour' WHERE id = $1`, [id]);
    const checkpoints = path.join(artefacts, 'checkpoints', tenant, id);
    await mkdir(checkpoints, { recursive: true });
    await writeFile(path.join(checkpoints, 'index.json'), '["steps"]');
    await writeFile(path.join(checkpoints, 'steps'), 'half');
    let other = await lockTraining(test, tenant);
    // four seconds without anybody are long
    await startTrainer({ TRAINER_POLL_MS: '100' });
    for (let redeployed = 0; redeployed < 3; redeployed++) {
      await delay(1500);
      await other!.release();
      await delay(1500);
      expect(await runs.summary(tenant, id)).toMatchObject({ status: 'running' });
      other = await waitFor('the lock', () => lockTraining(test, tenant));
    }
    await other!.release();
    expect(await ended(tenant, id)).toMatchObject({
      status: 'failed',
      reason: 'no trainer has the base model elsewhere',
    });
    await waitFor('the checkpoints to go', async () => (await readdir(checkpoints)).length === 0);
  });

  it('says what to do when the champion’s artefact is not in the store, or damaged', async () => {
    const [missing, damaged] = [await tenantWithReviews(6), await tenantWithReviews(6)];
    const draft = { name: 'lost', baseModel: base.name, baseSha256: base.sha256, kind: 'delta' } as const;
    const { id } = await mappers.register(missing, { ...draft, key: 'mappers/lost', sha256: '10'.repeat(32) });
    await mappers.promote(missing, id, 'by hand');
    await startTrainer({ FAKE_STEPS: '3', LOG_LEVEL: 'silent' });
    await ended(damaged, await demand(damaged));
    const { key } = (await mappers.champion(damaged))!;
    await writeFile(path.join(artefacts, key, 'decoder_delta.safetensors'), 'cut short');
    for (const [tenant, code] of [
      [missing, 'mapper_not_found'],
      [damaged, 'corrupt_checkpoint'],
    ] as const) {
      const { status, reason } = await ended(tenant, await demand(tenant));
      expect([status, reason]).toEqual(['failed', expect.stringMatching(new RegExp(`^${code}: `))]);
      expect(reason).toMatch(/; repair it, or promote another version or the base’s own$/);
    }
  });

  it('takes a promotion back when its reviews turn bad', async () => {
    const tenant = await tenantWithReviews(25);
    await startTrainer({ FAKE_STEPS: '3' });
    await ended(tenant, await demand(tenant));
    const { id } = (await mappers.champion(tenant))!;
    await reviewPictures(test, tenant, 25, {
      base,
      mapperId: id,
      review: () => ({ decision: 'corrected', text: 'nothing like it', editor: 'ana' }),
    });
    await waitFor('the rollback', async () => (await mappers.champion(tenant)) === undefined);
    expect(await mappers.latestPromotion(tenant)).toMatchObject({
      kind: 'automatic_rollback',
      reason: 'the accept rate fell from 100 % to 0 %',
    });
  });
});

describe('two trainers', () => {
  it('make one run of one tenant, and work on two tenants’ at once', async () => {
    const [tenant, other] = [await tenantWithReviews(6), await tenantWithReviews(6)];
    const gate = halfwayGate();
    await Promise.all([startTrainer(gate.environment), startTrainer(gate.environment)]);
    const [id, otherId] = await Promise.all([demand(tenant), demand(other)]);
    await waitFor('both at work', async () => {
      const both = await Promise.all([runs.summary(tenant, id), runs.summary(other, otherId)]);
      return both.every((run) => run?.status === 'running' && run.progress);
    });
    await gate.open();
    expect(await ended(tenant, id)).toMatchObject({ status: 'promoted', attempts: 1 });
    expect(await ended(other, otherId)).toMatchObject({ status: 'promoted', attempts: 1 });
    expect(await allRuns(tenant)).toHaveLength(1);
    expect((await mappers.list(tenant)).length).toBe(1);
  });

  it('go on, from its last checkpoint, with the run of one that was killed, and end as it would have', async () => {
    const [tenant, twin] = [await tenantWithReviews(6), await tenantWithReviews(6)];
    const [id, twinId] = [await demand(tenant), await demand(twin)];
    await test.query(`UPDATE training_run SET seed = 4711`);
    const gate = halfwayGate();
    const { app: first } = await startTrainer(gate.environment);
    await hasReached(tenant, id, 10);
    await first.stop('SIGKILL');
    expect(await runs.summary(tenant, id)).toMatchObject({ status: 'running' });

    await gate.open();
    await startTrainer(gate.environment);
    const resumed = await ended(tenant, id);
    expect(resumed).toMatchObject({ status: 'promoted', attempts: 2 });
    expect(Number(resumed.figures?.['takenUpAt'])).toBeGreaterThanOrEqual(5);
    // the same reviews and seed, never interrupted
    const whole = await ended(twin, twinId);
    expect(whole).toMatchObject({ attempts: 1, figures: { takenUpAt: 0, sum: resumed.figures?.['sum'] } });
    const [ours, theirs] = [await mappers.champion(tenant), await mappers.champion(twin)];
    expect(ours!.sha256).toBe(theirs!.sha256);
  });

  it('promote once what was stored, but not yet promoted, when the process was killed', async () => {
    const tenant = await tenantWithReviews(6);
    const id = await demand(tenant);
    const gate = halfwayGate();
    const stored = await killBeforePromotion(tenant, id, gate);
    await startTrainer(gate.environment);
    expect(await ended(tenant, id)).toMatchObject({ status: 'promoted', attempts: 2 });
    expect((await mappers.list(tenant)).map(({ sha256 }) => sha256)).toEqual([stored]);
    const rows = await test.query(`SELECT 1 FROM promotion WHERE tenant_id = $1`, [tenant]);
    const events = await test.query(`SELECT 1 FROM outbox WHERE tenant_id = $1 AND type LIKE '%mapper.promoted%'`, [
      tenant,
    ]);
    expect([rows.length, events.length]).toEqual([1, 1]);
  });

  it('leave no artefact behind of a run that was killed, and cancelled because a caption was erased', async () => {
    const tenant = await test.provision();
    const [picture] = await reviewPictures(test, tenant, 6, { base });
    const id = await demand(tenant);
    const gate = halfwayGate();
    const stored = path.join(artefacts, 'mappers', await killBeforePromotion(tenant, id, gate));
    await new ErasureRepository(test.database).erase(tenant, { suggestionId: picture!.suggestionId });
    expect(await readdir(stored)).not.toEqual([]);
    await startTrainer(gate.environment);
    expect(await ended(tenant, id)).toMatchObject({
      status: 'cancelled',
      reason: expect.stringMatching(/erased/) as string,
    });
    await waitFor('the artefact to go', async () => (await readdir(stored)).length === 0);
  });

  it('clear up at their start after a run that ended in a process that was killed then', async () => {
    const [tenant, promoted] = [await tenantWithReviews(6), await tenantWithReviews(6)];
    const [id, promotedId] = [await demand(tenant), await demand(promoted)];
    const gate = halfwayGate();
    const stored = path.join(artefacts, 'mappers', await killBeforePromotion(tenant, id, gate));
    const checkpoints = path.join(artefacts, 'checkpoints', tenant, id);
    expect(await readdir(checkpoints)).not.toEqual([]);
    // as `finish` would have left it
    await test.query(`UPDATE training_run SET status = 'refused', finished_at = now() WHERE id = $1`, [id]);
    await startTrainer(gate.environment);
    await waitFor('its checkpoints to go', async () => (await readdir(checkpoints)).length === 0);
    expect(await readdir(stored)).toEqual([]);
    await ended(promoted, promotedId);
    const { sha256 } = (await mappers.champion(promoted))!;
    expect(await readdir(path.join(artefacts, 'mappers', sha256))).toContain('manifest.json');
  });

  it('leave no artefact behind that was stored and then not promoted', async () => {
    const tenant = await tenantWithReviews(6);
    const id = await demand(tenant);
    const gate = halfwayGate();
    await startTrainer(gate.environment);
    await hasReached(tenant, id, 10);
    const draft = { name: 'by hand', baseModel: base.name, baseSha256: base.sha256, key: 'k', kind: 'mlp' } as const;
    const { id: byHand } = await mappers.register(tenant, { ...draft, sha256: 'ab'.repeat(32) });
    const before = await readdir(path.join(artefacts, 'mappers'), { recursive: true }).catch((): string[] => []);
    await mappers.promote(tenant, byHand, 'meanwhile');
    await gate.open();
    expect(await ended(tenant, id)).toMatchObject({
      status: 'refused',
      reason: expect.stringMatching(/another/) as string,
    });
    await waitFor('the artefact to go', async () => {
      const after = await readdir(path.join(artefacts, 'mappers'), { recursive: true });
      return after.filter((file) => file.includes('/') && !before.includes(file)).length === 0;
    });
  });

  it('hand a run over when the one that has it is told to stop', async () => {
    const tenant = await tenantWithReviews(6);
    const id = await demand(tenant);
    const gate = halfwayGate();
    const { app: first } = await startTrainer(gate.environment);
    await hasReached(tenant, id, 10);
    expect(await first.stop()).toBe(0);
    expect(await runs.summary(tenant, id)).toMatchObject({ status: 'running' });
    await gate.open();
    await startTrainer(gate.environment);
    const run = await ended(tenant, id);
    // a stop in good order is no attempt
    expect(run).toMatchObject({ status: 'promoted', attempts: 1 });
    expect(Number(run.figures?.['takenUpAt'])).toBeGreaterThan(0);
    expect((await new LearningRepository(test.database).readiness(tenant)).readiness.newReviews).toBe(0);
  });
});

describe('the process', () => {
  it('does not start with wrong settings, and names them', async () => {
    const app = await startApp('trainer', {
      main: 'test/support/trainer-with-slow-adaptation.mjs',
      environment: { DATABASE_URL: '', MODEL_DIRECTORIES: 'models/demo', TRAINER_POLL_MS: '1' },
    });
    expect(await app.exited).toBe(1);
    expect(app.output()).toMatch(/TRAINER_POLL_MS/);
  });
});
