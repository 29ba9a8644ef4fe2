import type { Learning } from '@housestyle/contracts';
import { newApiKey, TrainingLifecycleRepository, type HeldRun } from '@housestyle/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../support/free-port.js';
import { housestyle, startHousestyle } from '../support/housestyle.js';
import { reviewPictures, TEST_BASE } from '../support/reviewed-captions.js';
import { startTestApi, type TestApi, type TestCaller } from '../support/running-api.js';
import { waitFor } from '../support/wait-for.js';

let api: TestApi;
let lifecycle: TrainingLifecycleRepository;

beforeAll(async () => {
  api = await startTestApi();
  lifecycle = new TrainingLifecycleRepository(api.test.database);
});
afterAll(() => api.stop());

const SIDE = {
  editDistance: 0.5,
  cider: 1,
  exactMatch: 0.1,
  contentShare: 0.9,
  distinctRatio: 1,
  meanLength: 8,
  stoppedShare: 1,
};
const FINDINGS = {
  figures: { nHoldOut: 12, isCrossValidated: false, champion: SIDE, candidate: { ...SIDE, editDistance: 0.1 } },
  curve: [{ step: 1, loss: 2.5 }],
  trainableParameters: 49_152,
  seconds: 3.5,
};
const PROGRESS = { stage: 'training', step: 30, steps: 120, loss: 1.25 };

async function readyTenant(): Promise<TestCaller> {
  const caller = await api.caller();
  await reviewPictures(api.test, caller.tenant, 24);
  return caller;
}

/** Takes up the run that the command asked for, as a trainer does. */
async function takeUp(caller: TestCaller): Promise<HeldRun> {
  const { id } = await waitFor('a run to be asked for', async () => {
    const { activeRun } = await caller.get<Learning>('/v1/learning');
    return activeRun ?? undefined;
  });
  return (await lifecycle.begin({ tenantId: caller.tenant, runId: id }, TEST_BASE))!;
}

const run = (caller: TestCaller, ...more: string[]) =>
  startHousestyle(['training', 'run', '--api', `${api.url}/`, ...more], {
    environment: { HOUSESTYLE_API_KEY: caller.key },
  });

describe('housestyle training run', () => {
  it('asks for a run, follows it, and says what came of it', async () => {
    const caller = await readyTenant();
    const command = run(caller, '--json');
    const held = await takeUp(caller);
    await lifecycle.report(held, PROGRESS, FINDINGS.curve);
    await waitFor('the progress to be shown', () => command.output().includes('"step":30'));
    const { suggestionId } = held.training[0]!;
    const sha256 = 'ab'.repeat(32);
    await lifecycle.finish(held, {
      status: 'promoted',
      mapper: { sha256, key: `mappers/${sha256}`, kind: 'delta' },
      reason: 'better',
      examples: [{ id: suggestionId, reference: 'Boat, red.', before: 'A boat.', after: 'Boat, red.' }],
      ...FINDINGS,
    });
    const { exitCode, stderr, jsonLines } = await command.ended;
    expect([exitCode, stderr]).toEqual([0, '']);
    const lines = jsonLines<{ status: string }>();
    expect(lines).toContainEqual({ id: held.runId, status: 'running', progress: PROGRESS });
    expect(lines.at(-1)).toMatchObject({ id: held.runId, status: 'promoted', mapper: { name: 'Version 1' } });
  });

  it('tells a refusal in plain words', async () => {
    const caller = await readyTenant();
    const command = run(caller);
    const held = await takeUp(caller);
    await lifecycle.finish(held, { status: 'refused', reason: 'not_better, content_lost', examples: [], ...FINDINGS });
    const { exitCode, stdout } = await command.ended;
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^24 captions learned, 0 held out to judge by$/m);
    expect(stdout).toMatch(/^edit distance +0\.500 +0\.100 /m);
    expect(stdout).toMatch(/^refused {2}It comes no closer .*\. It leaves out more .*\.$/m);
  });

  it('passes on what the api refuses', async () => {
    const few = await api.caller();
    expect(await run(few).ended).toMatchObject({
      exitCode: 1,
      stderr: 'housestyle: conflict: 20 more reviewed pictures are needed to learn from\n',
    });
    const stranger = { ...few, key: newApiKey().key };
    expect((await run(stranger).ended).stderr).toMatch(/^housestyle: unauthenticated: /);
    const nobody = await housestyle(['training', 'run', '--api', `http://127.0.0.1:${await freePort()}`, '--key', 'x']);
    expect([nobody.exitCode, nobody.stderr]).toEqual([
      1,
      expect.stringMatching(/source_unavailable: .*does not answer/),
    ]);
    const keyless = await run({ ...few, key: '' }).ended;
    expect([keyless.exitCode, keyless.stderr]).toEqual([1, expect.stringContaining('give --key, or set')]);
  });
});
