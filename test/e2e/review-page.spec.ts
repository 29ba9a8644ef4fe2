import { readFile } from 'node:fs/promises';
import type { SuggestionPage } from '@housestyle/contracts';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { captionNext, captionPicture } from '../support/captioned-picture.js';
import { startChromium } from '../support/chromium.js';
import { describeWith } from '../support/describe-with.js';
import { requirements } from '../support/requirements.js';
import { failAsset, startTestApi, type TestApi, type TestCaller } from '../support/running-api.js';
import { waitFor } from '../support/wait-for.js';

const SAMPLE = new URL('../../samples/samples-00005.png', import.meta.url);

const UPLOAD_MAX_BYTES = 200_000;

describeWith([requirements.chromium()], 'the review page, in Chromium on the real api', () => {
  let api: TestApi;
  let browser: Browser;
  let editor: TestCaller;
  let page: Page;
  /** what the browser complained about; a refused key is meant to be one of them */
  let complaints: string[];

  beforeAll(async () => {
    [api, browser] = await Promise.all([startTestApi({ UPLOAD_MAX_BYTES: String(UPLOAD_MAX_BYTES) }), startChromium()]);
  });

  afterAll(async () => {
    await browser.close();
    await api.stop();
  });

  /** A tenant of its own with three captions; the newest, “A green tree.”, comes first. */
  beforeEach(async () => {
    editor = await api.caller('Meridian Press');
    await captionPicture(api.test, editor.tenant, 'shelf/boat.png', ['A red boat.', 'A boat on the sea.']);
    await captionPicture(api.test, editor.tenant, 'shelf/house.png', ['A yellow house.', 'A house.']);
    await captionPicture(api.test, editor.tenant, 'shelf/tree.png', ['A green tree.', 'A tree in a meadow.']);
    page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    complaints = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().includes('401')) complaints.push(message.text());
    });
    await page.goto(api.url);
  });

  afterEach(async () => {
    await page.close();
    expect(complaints).toEqual([]);
  });

  const signIn = async (key = editor.key) => {
    await page.getByLabel('API key').fill(key);
    await page.getByRole('button', { name: 'Sign in' }).click();
  };
  const card = (caption: string) => page.getByRole('article', { name: caption });
  const view = (name: string) => page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name });
  const reviews = async () => {
    const { items } = await editor.get<SuggestionPage>('/v1/suggestions?state=all');
    return Object.fromEntries(items.map(({ asset, state, review }) => [asset.assetId, { state, review }]));
  };
  const reviewOf = (assetId: string, state: string) =>
    waitFor(`${assetId} to be ${state}`, async () => {
      const seen = (await reviews())[assetId];
      return seen?.state === state && seen;
    });

  it('refuses a wrong key in words, remembers a right one, and forgets it on request', async () => {
    await signIn('hs_wrong_key');
    await page.getByRole('alert').filter({ hasText: 'This key is not valid' }).waitFor();

    await signIn();
    await page.getByText('Meridian Press').waitFor();
    await page.getByText('base model demo').waitFor();
    expect(await page.context().cookies(`${api.url}/v1/`)).toMatchObject([{ httpOnly: true, sameSite: 'Strict' }]);

    await page.reload();
    await card('A green tree.').waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('API key').waitFor();
    await page.reload();
    await page.getByLabel('API key').waitFor();
  });

  it('shows captions under their pictures, newest first, with their counts', async () => {
    await signIn();
    await card('A green tree.').waitFor();
    expect(await page.getByRole('article').locator('p').allTextContents()).toEqual([
      'A green tree.',
      'A yellow house.',
      'A red boat.',
    ]);
    const picture = card('A green tree.').locator('img').last();
    await waitFor('the picture to be drawn', () => picture.evaluate(isDrawn));
    expect(await view('To review').textContent()).toContain('3');
    expect(await card('A green tree.').getByRole('img', { name: 'Confidence 82 percent' }).count()).toBe(1);
  });

  it('accepts, rejects, takes another wording and undoes from the keyboard, moving on by itself', async () => {
    await signIn();
    await card('A green tree.').waitFor();

    await page.keyboard.press('Enter');
    const accepted = await reviewOf('shelf/tree.png', 'accepted');
    expect(accepted.review).toMatchObject({ text: 'A green tree.', durationMs: expect.any(Number) as number });
    await card('A yellow house.').and(page.locator(':focus')).waitFor();

    await page.keyboard.press('x');
    await reviewOf('shelf/house.png', 'rejected');
    await page.keyboard.press('2');
    expect((await reviewOf('shelf/boat.png', 'corrected')).review).toMatchObject({ text: 'A boat on the sea.' });
    await page.getByText('All caught up.').waitFor();

    await page.keyboard.press('u');
    await reviewOf('shelf/boat.png', 'pending');
    await page.keyboard.press('u');
    await reviewOf('shelf/house.png', 'pending');
    await waitFor('the counts to agree', async () => (await view('To review').textContent())?.endsWith('2'));
  });

  it('corrects in place by mouse, and Escape leaves everything as it was', async () => {
    await signIn();
    await card('A yellow house.').getByText('A yellow house.').click();
    await page.getByRole('textbox', { name: 'Caption' }).fill('Never mind');
    await page.keyboard.press('Escape');
    await card('A yellow house.').getByRole('button', { name: 'Edit' }).click();
    await page.getByRole('textbox', { name: 'Caption' }).fill('A yellow house by a lake.');
    await page.getByRole('button', { name: 'Save' }).click();

    await card('A yellow house by a lake.').waitFor();
    expect((await reviewOf('shelf/house.png', 'corrected')).review).toMatchObject({
      text: 'A yellow house by a lake.',
    });

    await view('Corrected').click();
    await card('A yellow house by a lake.').waitFor();
    expect(await page.getByRole('article').count()).toBe(1);
  });

  it('lets a new caption in without a reload, and counts it while the editor is busy', async () => {
    await signIn();
    await page.getByRole('status', { name: 'Connection: Live' }).waitFor();
    await card('A yellow house.').getByRole('button', { name: 'Edit' }).click();
    await page.getByRole('textbox', { name: 'Caption' }).fill('A half-written caption');

    await captionPicture(api.test, editor.tenant, 'shelf/kite.png', ['A blue kite.']);
    await page.getByRole('button', { name: '1 new caption' }).waitFor();
    expect(await card('A blue kite.').count()).toBe(0);
    expect(await page.getByRole('textbox', { name: 'Caption' }).inputValue()).toBe('A half-written caption');

    await page.keyboard.press('Escape');
    await page.keyboard.press('n');
    await card('A blue kite.').waitFor();
    expect(await page.getByRole('article').first().locator('p').textContent()).toBe('A blue kite.');
  });

  it('rolls a refused decision back and says why', async () => {
    await page.route('**/review', (route) => route.abort());
    await page.reload(); // Chromium may let what an open page sends next pass by a new route
    await signIn();
    await card('A green tree.').waitFor();
    await page.keyboard.press('a');
    await page.getByText('Not saved: shelf/tree.png').waitFor();
    await page.getByText('The server did not answer.', { exact: false }).waitFor();
    expect(await card('A green tree.').getByRole('button', { name: 'Accept' }).count()).toBe(1);
    expect((await reviews())['shelf/tree.png']?.state).toBe('pending');
    await page.unroute('**/review');
    complaints = complaints.filter((complaint) => !complaint.includes('ERR_FAILED'));
  });

  it('uploads a picture, follows it to its caption, and shows failures by their code', async () => {
    await signIn();
    await card('A green tree.').waitFor();
    const buffer = await readFile(SAMPLE);
    await page
      .locator('input[type=file]')
      .first()
      .setInputFiles({ name: 'harbour.png', mimeType: 'image/png', buffer });
    const uploads = page.getByRole('region', { name: 'Uploads' });
    await uploads.getByText('Being captioned…').waitFor();

    await captionNext(api.test, editor.tenant, ['A blue boat at sunset.']);
    await uploads.getByText('Captioned', { exact: true }).waitFor();
    await card('A blue boat at sunset.').waitFor();

    await failAsset(api.test, editor.tenant, 'torn.jpg');
    await view('Failed').click();
    const failed = page.getByRole('list', { name: 'Failed pictures' }).getByRole('listitem');
    expect(await failed.textContent()).toContain('torn.jpg');
    expect(await failed.textContent()).toContain('corrupt_image');
  });

  it('takes pictures dropped anywhere, and says what is wrong with a file by its code', async () => {
    await signIn();
    await card('A green tree.').waitFor();
    const dropped = await page.evaluateHandle(
      `(() => {
        const dropped = new DataTransfer();
        dropped.items.add(new File(['bytes'], 'harbour.png', { type: 'image/png' }));
        dropped.items.add(new File([new Uint8Array(${UPLOAD_MAX_BYTES + 1})], 'poster.png', { type: 'image/png' }));
        return dropped;
      })()`,
    );
    await page.dispatchEvent('body', 'dragenter', { dataTransfer: dropped });
    const target = page.getByText('Drop pictures to caption them');
    await target.waitFor();
    await target.dispatchEvent('drop', { dataTransfer: dropped });

    const uploads = page.getByRole('region', { name: 'Uploads' }).getByRole('listitem');
    await uploads.filter({ hasText: 'poster.png' }).filter({ hasText: 'payload_too_large' }).waitFor();
    await uploads.filter({ hasText: 'harbour.png' }).filter({ hasText: 'Being captioned…' }).waitFor();
    complaints = complaints.filter((complaint) => !complaint.includes('the server responded with a status of 4'));
  });

  it('shows markup in captions and names as the text it is', async () => {
    const markup = '<img src=x onerror="document.title=1"><b>bold</b>';
    await captionPicture(api.test, editor.tenant, `${markup}.png`, [`${markup} boat.`, `${markup} two.`]);
    await signIn();
    await page.getByRole('article').getByText(`${markup} boat.`, { exact: true }).waitFor();
    await page.keyboard.press('o');
    const dialog = page.getByRole('dialog');
    await dialog.getByText(`${markup} two.`).waitFor();
    expect(await page.locator('b, img[src=x]').count()).toBe(0);
    expect(await page.title()).toBe('(4) Housestyle');
  });
});

const isDrawn = (image: unknown): boolean => (image as { naturalWidth: number }).naturalWidth === 128;
