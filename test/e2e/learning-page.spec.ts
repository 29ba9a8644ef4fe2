import type { Learning, MapperList, TrainingRun, TrainingRunPage } from '@housestyle/contracts';
import {
  ApiKeyRepository,
  MapperVersionRepository,
  TrainingLifecycleRepository,
  type HeldRun,
  type RunConclusion,
} from '@housestyle/database';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { startChromium } from '../support/chromium.js';
import { describeWith } from '../support/describe-with.js';
import { requirements } from '../support/requirements.js';
import { reviewPictures, TEST_BASE } from '../support/reviewed-captions.js';
import { startTestApi, type TestApi, type TestCaller } from '../support/running-api.js';
import { waitFor } from '../support/wait-for.js';

const SIDE = {
  editDistance: 0.5,
  cider: 1.25,
  exactMatch: 0.1,
  contentShare: 0.9,
  distinctRatio: 1,
  meanLength: 8,
  stoppedShare: 1,
};

describeWith([requirements.chromium()], 'the learning page, in Chromium on the real api', () => {
  let api: TestApi;
  let browser: Browser;
  let lifecycle: TrainingLifecycleRepository;
  let admin: TestCaller;
  let page: Page;
  let complaints: string[];
  let artefacts = 0;

  beforeAll(async () => {
    [api, browser] = await Promise.all([startTestApi(), startChromium()]);
    lifecycle = new TrainingLifecycleRepository(api.test.database);
  });

  afterAll(async () => {
    await browser.close();
    await api.stop();
  });

  beforeEach(async () => {
    admin = await api.caller('Meridian Press');
    page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    complaints = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().includes('401')) complaints.push(message.text());
    });
  });

  afterEach(async () => {
    await page.close();
    expect(complaints).toEqual([]);
  });

  const open = async (path = '/learning', key = admin.key) => {
    await page.goto(api.url + path);
    await page.getByLabel('API key').fill(key);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('status', { name: 'Connection: Live' }).waitFor();
  };
  const heading = (name: string) => page.getByRole('heading', { name });
  const runRows = () => page.getByRole('list', { name: 'Runs' }).getByRole('listitem');
  const versionRow = (name: string) =>
    page.getByRole('list', { name: 'Versions' }).getByRole('listitem').filter({ hasText: name });
  const places = () => page.getByRole('navigation', { name: 'Places' });

  const ask = async () => (await (await admin.send('POST', '/v1/training-runs')).json()) as TrainingRun;
  const begin = async ({ id }: Pick<TrainingRun, 'id'>): Promise<HeldRun> =>
    (await lifecycle.begin({ tenantId: admin.tenant, runId: id }, TEST_BASE))!;
  const report = (held: HeldRun, stage: string, step: number, loss: number) =>
    lifecycle.report(held, { stage, step, steps: 40, loss }, [{ step, loss }]);

  /** What a trainer writes in the end. */
  const findings = (held: HeldRun) => ({
    figures: {
      nHoldOut: 20,
      isCrossValidated: true,
      champion: SIDE,
      candidate: { ...SIDE, editDistance: 0.125, exactMatch: 0.6, contentShare: 0.8 },
      bootstrapP: 0.0005,
      contentP: 0.25,
    },
    curve: [
      { step: 1, loss: 2.5 },
      { step: 40, loss: 0.5 },
    ],
    examples: [
      {
        id: held.training[0]!.suggestionId,
        reference: 'Boat, red; sea.',
        before: 'A red boat.',
        after: 'Boat, red; sea.',
      },
      { id: held.training[1]!.suggestionId, reference: 'Dog, two.', before: 'Two dogs.', after: 'Dog, three.' },
    ],
    trainableParameters: 4096,
    seconds: 65,
  });
  const promote = async (): Promise<void> => {
    const held = await begin(await ask());
    const sha256 = (++artefacts).toString(16).padStart(64, '0');
    const mapper = { sha256, key: `mappers/${sha256}`, kind: 'delta' } as const;
    await lifecycle.finish(held, { status: 'promoted', reason: 'better', mapper, ...findings(held) });
  };

  it('has an address of its own, and counts down until there is enough, by itself', async () => {
    await open();
    await heading('Nothing to learn from yet').waitFor();
    await page.getByText('with 20 pictures it can begin').waitFor();
    expect(await page.getByRole('button', { name: 'Learn now' }).isDisabled()).toBe(true);
    expect(await page.title()).toBe('Learning · Housestyle');

    await reviewPictures(api.test, admin.tenant, 13);
    await heading('7 more pictures to go').waitFor();
    expect(await page.getByRole('progressbar', { name: 'Reviewed pictures' }).getAttribute('value')).toBe('13');

    await reviewPictures(api.test, admin.tenant, 7);
    await heading('Ready: 20 reviewed pictures').waitFor();
    await page.getByRole('button', { name: 'Learn now' }).and(page.locator(':enabled')).waitFor();

    await page.reload();
    await heading('Ready: 20 reviewed pictures').waitFor();
  });

  it('lies beside the desk, and the browser’s buttons lead between them', async () => {
    await open('/');
    await places().getByRole('link', { name: 'Learning' }).click();
    await heading('Nothing to learn from yet').waitFor();
    expect(new URL(page.url()).pathname).toBe('/learning');
    await page.goBack();
    await page.getByRole('navigation', { name: 'Views' }).waitFor();
    await page.goForward();
    await heading('Nothing to learn from yet').waitFor();
    await places().getByRole('link', { name: 'Desk' }).click();
    await page.getByRole('navigation', { name: 'Views' }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/');
  });

  it('starts a run, follows it step by step without a reload, and cancels it', async () => {
    await reviewPictures(api.test, admin.tenant, 20);
    await open();
    await page.getByRole('button', { name: 'Learn now' }).click();
    await heading('A new version is about to be made').waitFor();
    const { items } = await admin.get<TrainingRunPage>('/v1/training-runs');
    const held = await begin(items[0]!);

    await reviewPictures(api.test, admin.tenant, 1);
    await page.getByText('21 pictures reviewed, 1 review since this run began').waitFor();
    await page.getByText('It learns by itself after 19 more reviews').waitFor();
    await report(held, 'choosing', 10, 1.5);
    await page.getByText('step 10 of 40, loss 1.500').waitFor();
    await heading('A new version is being made').waitFor();
    expect(await page.locator('[aria-current=step]').textContent()).toBe('Trying out');
    await report(held, 'choosing', 20, 0.75);
    await page.getByRole('img', { name: 'Loss by step, Loss 0.750 now' }).waitFor();
    await report(held, 'fold 1', 5, 0.7);
    await page.locator('[aria-current=step]', { hasText: 'Testing' }).waitFor();
    await page.getByRole('img', { name: 'Loss by step, Loss 0.750 now' }).waitFor();

    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Stopping…' }).waitFor();
    await waitFor('the trainer to hear of it', async () => !(await report(held, 'fold 1', 6, 0.7)));
    await lifecycle.finish(held, { status: 'cancelled', reason: 'cancelled' });
    await heading('Ready: 21 reviewed pictures').waitFor();
    await runRows().filter({ hasText: 'Cancelled' }).filter({ hasText: 'on request' }).waitFor();
    await page.getByText('Not learned from yet').locator('..').getByText('21').waitFor();
    await page.getByText('It learns by itself after 19 more reviews').waitFor();
  });

  it('says in plain words why a version was not promoted', async () => {
    await reviewPictures(api.test, admin.tenant, 20);
    const held = await begin(await ask());
    const refused: RunConclusion = { status: 'refused', reason: 'content_lost, cider_fell', ...findings(held) };
    await lifecycle.finish(held, refused);
    await open();
    const row = runRows().filter({ hasText: 'Not promoted' });
    await row.getByText('It leaves out more of what the pictures show').waitFor();
    expect(await row.textContent()).toContain('50 % → 12.5 % to change');
    await versionRow('demo').getByText('Writes now').waitFor();
  });

  it('shows a run whole: figures before and after, and what the editor would still change', async () => {
    await reviewPictures(api.test, admin.tenant, 20);
    await promote();
    await open();
    await runRows().getByRole('link', { name: 'Version 1' }).click();
    await page.getByRole('heading', { level: 1, name: 'Version 1' }).waitFor();
    expect(new URL(page.url()).pathname).toMatch(/^\/learning\/runs\/[0-9a-f-]{36}$/);

    const figure = (name: string) => page.getByRole('row').filter({ has: page.getByRole('rowheader', { name }) });
    expect(await figure('Left to change').getByRole('cell').allTextContents()).toEqual(['50 %', '12.5 %', 'better']);
    expect(await figure('CIDEr').getByRole('cell').allTextContents()).toEqual(['1.25', '1.25', '']);
    expect(await figure('Content kept').getByRole('cell').last().textContent()).toBe('worse');
    await page.getByText('closer to the editors than before: less than 0.1 %').waitFor();
    await page.getByText('no more of the pictures than before: 25 %').waitFor();
    await page.getByText('20 captions, each judged by a version that had not seen it').waitFor();

    const examples = page.getByRole('list', { name: 'Examples' }).getByRole('listitem');
    expect(await examples.first().locator('dd').last().textContent()).toBe('Boat, red; sea.');
    expect(await examples.first().locator('dd').last().locator('del, ins').count()).toBe(0);
    expect(await examples.last().locator('dd').last().locator('del').allTextContents()).toEqual(['three']);
    expect(await examples.last().locator('dd').last().locator('ins').allTextContents()).toEqual(['two']);
    await page.getByText('4,096 trained').waitFor();
    await page.getByText('1 min 5 s').waitFor();

    await page.goBack();
    await versionRow('Version 1').getByText('Writes now').waitFor();
  });

  it('rolls back and promotes again, each only when it is confirmed', async () => {
    await reviewPictures(api.test, admin.tenant, 20);
    await promote();
    await promote();
    await open();
    await page.getByRole('button', { name: 'Roll back to Version 1' }).click();
    await page.getByRole('dialog').getByText('Version 2 is kept').waitFor();
    await page.keyboard.press('Escape');
    const champion = async () => (await admin.get<Learning>('/v1/learning')).champion?.name ?? 'demo';
    expect(await champion()).toBe('Version 2');

    await page.getByRole('button', { name: 'Roll back to Version 1' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Roll back' }).click();
    await versionRow('Version 1').getByText('Writes now').waitFor();
    expect(await champion()).toBe('Version 1');
    await versionRow('Version 1').getByText('Put back by hand').waitFor();

    await versionRow('demo').getByRole('button', { name: 'Promote' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Promote' }).click();
    await versionRow('demo').getByText('Writes now').waitFor();
    expect(await champion()).toBe('demo');

    const [version] = (await admin.get<MapperList>('/v1/mappers')).items;
    await admin.send('POST', `/v1/mappers/${version!.id}/promote`, {});
    await versionRow(version!.name).getByText('Writes now').waitFor();
  });

  it('leaves a version alone that came while the question stood', async () => {
    await reviewPictures(api.test, admin.tenant, 20);
    await promote();
    await promote();
    await open();
    await page.getByRole('button', { name: 'Roll back to Version 1' }).click();
    await new MapperVersionRepository(api.test.database).rollback(admin.tenant, 'edits grew', { isAutomatic: true });
    await versionRow('Version 1').getByText('Writes now').waitFor();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Version 2 is kept').waitFor();
    await dialog.getByRole('button', { name: 'Roll back' }).click();
    await dialog.getByRole('alert').getByText('Version 1 writes by now, so nothing was changed.').waitFor();
    expect((await admin.get<Learning>('/v1/learning')).champion?.name).toBe('Version 1');
    await dialog.getByRole('button', { name: 'Leave it' }).click();
    await page.getByRole('button', { name: 'Roll back to demo' }).waitFor();
    complaints = complaints.filter((complaint) => !complaint.includes('status of 409'));
  });

  it('draws how captions fared, with promotions marked, and reads it out by the arrow keys', async () => {
    await reviewPictures(api.test, admin.tenant, 20, {
      review: () => ({ decision: 'corrected', text: 'Boat, red.', editor: 'ana' }),
    });
    await promote();
    await reviewPictures(api.test, admin.tenant, 10);
    await open();
    const chart = page.getByRole('img', { name: 'Accept rate, from 0 % to 100 %' });
    await chart.getByText('Version 1').waitFor();
    await chart.focus();
    await page.keyboard.press('End');
    await page.getByText(/^Reviews 21–30, .*: 100 % accepted$/).waitFor();
    await page.getByRole('button', { name: 'By day' }).click();
    await page.getByRole('img', { name: 'Accept rate, so far 33.3 %' }).waitFor();
    await versionRow('demo').getByText('33 %').waitFor();
  });

  it('keeps a timetable in words, and refuses one that means nothing', async () => {
    await open();
    await page.getByText('Then it learns by itself after every 20 new reviews.').waitFor();
    await page.getByRole('button', { name: 'Change when it learns' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('How often').selectOption('weekly');
    await dialog.getByLabel('Weekday').selectOption('Friday');
    await dialog.getByLabel('Time (UTC)').fill('18:30');
    await dialog.getByLabel('And as soon as there are new reviews').fill('');
    await dialog.getByLabel('But not before').fill('19');
    await dialog.getByText('A number from 20 up').waitFor();
    expect(await dialog.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true);
    await dialog.getByLabel('But not before').fill('24');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByText('It learns every Friday at 18:30 UTC').waitFor();
    await page.getByText('with 24 pictures it can begin').waitFor();
    expect((await admin.get<Learning>('/v1/learning')).schedule).toEqual({
      isEnabled: true,
      cron: '30 18 * * 5',
      newReviews: null,
      minimumSamples: 24,
    });

    await page.getByRole('button', { name: 'Change when it learns' }).click();
    await dialog.getByLabel('How often').selectOption('custom');
    await dialog.getByLabel('Cron expression (UTC)').fill('every day');
    await dialog.getByText('Five fields').waitFor();
    expect(await dialog.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true);
    await dialog.getByRole('button', { name: 'Cancel' }).click();
  });

  it('lets an editor look and not touch', async () => {
    await reviewPictures(api.test, admin.tenant, 20);
    await promote();
    const { key } = await new ApiKeyRepository(api.test.database).create(admin.tenant, 'an editor', ['review']);
    await open('/learning', key);
    await page.getByText('Your key lets you look.').waitFor();
    await versionRow('Version 1').getByText('Writes now').waitFor();
    for (const name of ['Learn now', 'Change when it learns'])
      expect(await page.getByRole('button', { name }).isDisabled(), name).toBe(true);
    for (const name of ['Promote', /^Roll back/])
      expect(await page.getByRole('button', { name }).count(), String(name)).toBe(0);
    const held = await begin(await ask());
    await report(held, 'training', 3, 1);
    await page.getByText('step 3 of 40').waitFor();
    expect(await page.getByRole('button', { name: 'Cancel' }).count()).toBe(0);
    await lifecycle.finish(held, { status: 'failed', reason: 'internal: it broke' });
    await runRows().getByText('Something went wrong: It broke.').waitFor();
  });

  it('says what did not load, tries again, and knows no other tenant’s run', async () => {
    await page.route('**/v1/learning', (route) => route.fulfill({ status: 503, body: 'busy' }));
    await open();
    await page.getByRole('alert').getByText('The server did not answer.').waitFor();
    await page.unroute('**/v1/learning');
    await page.getByRole('button', { name: 'Try again' }).click();
    await heading('Nothing to learn from yet').waitFor();

    const stranger = await api.caller('A stranger');
    await reviewPictures(api.test, stranger.tenant, 20);
    const theirs = (await (await stranger.send('POST', '/v1/training-runs')).json()) as TrainingRun;
    await page.goto(`${api.url}/learning/runs/${theirs.id}`);
    await heading('There is no such run').waitFor();
    await page.getByRole('link', { name: 'All runs' }).click();
    await heading('Nothing to learn from yet').waitFor();
    complaints = complaints.filter((complaint) => !/status of (404|503)/.test(complaint));
  });
});
