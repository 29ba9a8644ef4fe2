import { readFile } from 'node:fs/promises';
import { UPLOAD_FILE_FIELD, type AcceptedAssets, type SuggestionPage } from '@housestyle/contracts';
import { CaptioningRepository, LandingRepository, LeaseRepository } from '@housestyle/database';
import { BASE_MAPPER_ID } from '@housestyle/domain';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { captionPicture } from '../support/captioned-picture.js';
import { startChromium } from '../support/chromium.js';
import { describeWith } from '../support/describe-with.js';
import { requirements } from '../support/requirements.js';
import { startTestApi, type TestApi, type TestCaller } from '../support/running-api.js';
import { waitFor } from '../support/wait-for.js';

/** Each would call `ran` if it were taken for anything but text. */
const PAYLOADS = [
  `<script>ran(1)</script>`,
  `<ScRiPt>ran(2)</sCrIpT>`,
  `</script><script>ran(3)</script>`,
  `<img src=x onerror=ran(4)>`,
  `<img src=x onerror="ran(5)">`,
  `"><img src=x onerror=ran(6)>`,
  `'><img src=x onerror=ran(7)>`,
  `<svg onload=ran(8)>`,
  `<svg><script>ran(9)</script></svg>`,
  `<svg><animate onbegin=ran(10) attributeName=x dur=1s>`,
  `<iframe src="javascript:parent.ran(11)"></iframe>`,
  `<iframe srcdoc="<script>parent.ran(12)</script>"></iframe>`,
  `<body onload=ran(13)>`,
  `<input autofocus onfocus=ran(14)>`,
  `<details open ontoggle=ran(15)>`,
  `<video><source onerror=ran(16)></video>`,
  `<audio src=x onerror=ran(17)>`,
  `<object data="javascript:ran(18)"></object>`,
  `<embed src="javascript:ran(19)">`,
  `<a href="javascript:ran(20)">A picture</a>`,
  `javascript:ran(21)`,
  `" onmouseover="ran(22)" x="`,
  `' autofocus onfocus='ran(23)`,
  `<math><mtext><table><mglyph><style><img src=x onerror=ran(24)>`,
  `<style>@import 'javascript:ran(25)';*{background:url(javascript:ran(25))}</style>`,
  `<base href="javascript:ran(26)//">`,
  `<meta http-equiv=refresh content="0;url=javascript:ran(27)">`,
  `<form action="javascript:ran(28)"><button autofocus>A boat</button></form>`,
  `{{constructor.constructor('ran(29)')()}}`,
  `\${ran(30)}`,
  `&lt;img src=x onerror=ran(31)&gt;`,
  `&#60;script&#62;ran(32)&#60;/script&#62;`,
  `\\u003cscript\\u003eran(33)\\u003c/script\\u003e`,
  `<!--><script>ran(34)</script>-->`,
  `]]><script>ran(35)</script>`,
  `<noscript><p title="</noscript><img src=x onerror=ran(36)>">`,
  `<x onpointerenter=ran(37) style="position:fixed;inset:0">A tree</x>`,
] as const;

const CORRECTION = `As corrected: ${PAYLOADS[4]}`;

/** Runs in each document before anything else of it. */
const WATCH = `
  globalThis.ranPayloads = [];
  globalThis.violations = [];
  globalThis.ran = (payload) => void ranPayloads.push(payload);
  document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sample }) =>
    violations.push(violatedDirective + ' ' + blockedURI + ' ' + sample));
`;

/** What none of the page's own markup has. */
const FOREIGN_MARKUP =
  'script:not([src]), iframe, object, embed, base, math, video, audio, details, meta[http-equiv], a[href^="javascript"], form[action], [onerror], [onload], [onfocus], [onmouseover], [ontoggle], [onbegin], [onpointerenter]';

interface Watched {
  ranPayloads: unknown[];
  violations: string[];
}

describeWith([requirements.chromium()], 'texts of other people, in Chromium on the real api', () => {
  let api: TestApi;
  let browser: Browser;
  let editor: TestCaller;
  let open: BrowserContext[] = [];

  beforeAll(async () => {
    [api, browser] = await Promise.all([startTestApi({ UPLOAD_MAX_FILES: '64' }), startChromium()]);
    editor = await api.caller(`<img src=x onerror=ran('tenant')>`);
    await fillLibrary(api, editor);
  });
  afterAll(async () => {
    await browser.close();
    await api.stop();
  });
  afterEach(async () => {
    for (const context of open) await context.close();
    open = [];
  });

  const openPage = async (bypassCSP: boolean): Promise<Page> => {
    const context = await browser.newContext({ bypassCSP, viewport: { width: 1440, height: 900 } });
    open.push(context);
    await context.addInitScript(WATCH);
    const page = await context.newPage();
    page.on('dialog', (dialog) => void dialog.dismiss());
    await page.goto(api.url);
    return page;
  };
  const signIn = async (page: Page): Promise<void> => {
    await page.getByLabel('API key').fill(editor.key);
    await page.getByRole('button', { name: 'Sign in' }).click();
  };
  const watched = (page: Page) =>
    page.evaluate(() => {
      const { ranPayloads, violations } = globalThis as unknown as Watched;
      return { ranPayloads, violations };
    });
  /** Nothing ran, and nothing had to be kept from running: it was text all the time. */
  const expectQuiet = async (page: Page): Promise<void> => {
    expect(await watched(page)).toEqual({ ranPayloads: [], violations: [] });
    expect(await page.locator(FOREIGN_MARKUP).count()).toBe(0);
  };
  const textsOf = (page: Page, selector: string): Promise<string[]> => page.locator(selector).allTextContents();

  describe.each([
    ['under its policy', false],
    ['without its policy: it is the page that does not take them for markup', true],
  ])('the page %s', (_, bypassCSP) => {
    it('shows captions, asset ids, names and other wordings as they were typed', async () => {
      const page = await openPage(bypassCSP);
      await signIn(page);
      await waitFor('every card', async () => (await page.getByRole('article').count()) >= PAYLOADS.length);
      await page.getByText(`<img src=x onerror=ran('tenant')>`).first().waitFor();
      expect((await textsOf(page, 'article p')).sort()).toEqual([...PAYLOADS].sort());
      const cards = await textsOf(page, 'article');
      for (const payload of PAYLOADS)
        expect(
          cards.some((text) => text.includes(payload)),
          payload,
        ).toBe(true);

      for (const payload of [PAYLOADS[3], PAYLOADS[5]]) {
        await page.getByRole('button', { name: `Details of ${payload}`, exact: true }).click();
        const dialog = page.getByRole('dialog');
        await dialog.getByText(`${payload} two`, { exact: true }).waitFor();
        await dialog.getByText(JSON.stringify({ fileName: payload })).waitFor();
        await page.keyboard.press('Escape');
        await dialog.waitFor({ state: 'detached' });
      }
      await page.locator('article p').first().hover();
      await expectQuiet(page);

      await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Corrected' }).click();
      await page.getByText(CORRECTION).first().waitFor();
      await page
        .getByRole('button', { name: /^Details of/ })
        .first()
        .click();
      await page.getByRole('dialog').getByText(`by ${PAYLOADS[7]}`).waitFor();
      await expectQuiet(page);
    });

    it('answers an address made of them with a problem, and the browser shows that as data', async () => {
      const page = await openPage(bypassCSP);
      for (const payload of PAYLOADS.slice(0, 3)) {
        // a browser may also take such an answer for a download
        await page.goto(`${api.url}/v1/${encodeURIComponent(payload)}`).catch(() => undefined);
        expect(await page.evaluate(() => (globalThis as unknown as Partial<Watched>).ranPayloads)).toEqual([]);
      }
    });
  });

  it('come back in problems as data that no browser may take for anything else', async () => {
    const answers: Response[] = [];
    for (const payload of PAYLOADS) answers.push(await editor.fetch(`/v1/${encodeURIComponent(payload)}`));
    answers.push(await editor.send('POST', '/v1/assets', { [PAYLOADS[0]]: PAYLOADS[3], uri: PAYLOADS[10] }));
    answers.push(await editor.fetch(`/v1/assets?status=${encodeURIComponent(PAYLOADS[0])}`));
    for (const answer of answers) {
      expect([400, 404, 422, 429]).toContain(answer.status);
      expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      expect(answer.headers.get('content-security-policy')).toMatch(/^default-src 'none';.*sandbox$/);
    }
  });

  it('do not run out of a stored picture that is none, opened by itself', async () => {
    const { items } = await editor.get<SuggestionPage>('/v1/suggestions');
    const { id } = items[0]!.asset;
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" onload="ran('svg')"><script>ran('svg')</script></svg>`;
    await api.test.query(`UPDATE preview SET content_type = 'image/svg+xml', bytes = $2 WHERE asset_row_id = $1`, [
      id,
      Buffer.from(svg),
    ]);
    const page = await openPage(false);
    await signIn(page);
    await page.getByRole('article').first().waitFor();
    const answer = await page.goto(`${api.url}/v1/assets/${id}/preview`);
    expect(answer?.headers()['content-type']).toMatch(/^image\/svg\+xml/);
    expect(answer?.headers()['x-content-type-options']).toBe('nosniff');
    expect(await page.evaluate(() => (globalThis as unknown as Partial<Watched>).ranPayloads ?? [])).toEqual([]);
  });
});

/** Every payload as a caption, as an asset's id and as a file's name; one as a correction and as who made it. */
async function fillLibrary({ test }: TestApi, editor: TestCaller): Promise<void> {
  const sample = await readFile(new URL('../../samples/samples-00003.png', import.meta.url));
  await new LandingRepository(test.database).land(
    PAYLOADS.map((payload) => ({
      tenantId: editor.tenant,
      assetId: payload,
      version: '1',
      uri: 'https://pictures.example/1.png',
      context: { fileName: payload },
    })),
  );
  const leases = await new LeaseRepository(test.database).lease(1000, 60_000, 'a test');
  const rows = await test.query<{ id: string; asset_id: string }>('SELECT id, asset_id FROM asset');
  const assetIdOf = new Map(rows.map(({ id, asset_id }) => [id, asset_id]));
  await new CaptioningRepository(test.database).completeMany(
    editor.tenant,
    leases.map(({ assetRowId, leaseToken }) => ({
      assetRowId,
      leaseToken,
      baseModel: 'demo',
      baseSha256: 'ab'.repeat(32),
      embedding: new Uint8Array(16),
      preview: { contentType: 'image/png', width: 128, height: 128, bytes: sample },
      width: 128,
      height: 128,
      mapperId: BASE_MAPPER_ID,
      generationKey: 'beam/5/67/mapper',
      hypotheses: ['', ' two', ' three'].map((ending, rank) => ({
        text: `${assetIdOf.get(assetRowId)}${ending}`,
        score: -0.2 - rank,
        tokens: [32, 13],
        isStopped: true,
      })),
    })),
  );

  // one more, reviewed: the words of a correction, and of whoever made it
  await captionPicture(test, editor.tenant, 'reviewed.png', ['A boat.']);
  const { items } = await editor.get<SuggestionPage>('/v1/suggestions');
  const { id } = items.find(({ asset }) => asset.assetId === 'reviewed.png')!;
  const correction = { decision: 'corrected', text: CORRECTION };
  expect((await editor.send('POST', `/v1/suggestions/${id}/review`, correction)).status).toBe(200);
  await test.query('UPDATE review SET editor = $1', [PAYLOADS[7]]);

  const form = new FormData();
  form.append(UPLOAD_FILE_FIELD, new Blob([new Uint8Array(sample)], { type: 'image/png' }), PAYLOADS[3]);
  const answer = await editor.fetch('/v1/assets', { method: 'POST', body: form });
  expect(((await answer.json()) as AcceptedAssets).items[0]).toMatchObject({ context: { fileName: PAYLOADS[3] } });
}
