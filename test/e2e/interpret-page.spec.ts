import type { Interpretation } from '@housestyle/contracts';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { startCaptioner, type RunningCaptioner } from '../support/captioner.js';
import { startChromium } from '../support/chromium.js';
import { describeWith } from '../support/describe-with.js';
import { captionGolden, registerOwnWords } from '../support/interpretable.js';
import { requirements } from '../support/requirements.js';
import { startTestApi, type TestApi, type TestCaller } from '../support/running-api.js';

describeWith(
  [requirements.chromium()],
  'the prefix in the caption view, in Chromium on the real api and captioner',
  () => {
    let captioner: RunningCaptioner;
    let api: TestApi;
    let browser: Browser;
    let page: Page;
    let editor: TestCaller;
    let complaints: string[];

    beforeAll(async () => {
      [captioner, browser] = await Promise.all([startCaptioner(), startChromium()]);
      api = await startTestApi({ CAPTIONER_ADDRESS: captioner.address });
    });

    afterAll(async () => {
      await browser.close();
      await api.stop();
      await captioner.close();
    });

    beforeEach(async () => {
      editor = await api.caller('Meridian Press');
      page = await browser.newPage({ viewport: { width: 1440, height: 1000 } });
      page.setDefaultTimeout(10_000);
      complaints = [];
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('console', (message) => {
        if (message.type() === 'error' && !/40[19]/.test(message.text())) complaints.push(message.text());
      });
    });

    afterEach(async () => {
      await page.close();
      expect(complaints).toEqual([]);
    });

    const open = async () => {
      await page.goto(api.url);
      await page.getByLabel('API key').fill(editor.key);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('article').first().waitFor();
    };
    const dialog = () => page.getByRole('dialog');
    const enlarge = async () => {
      await page.getByRole('button', { name: 'Enlarge' }).click();
      await dialog().waitFor();
    };
    const show = (within: Page | ReturnType<typeof dialog> = page) =>
      within.getByRole('button', { name: 'Show what the decoder was told' });
    const plot = () => page.getByRole('table', { name: /vocabulary words nearest/ });
    const askedFor = () => {
      const asked: string[] = [];
      page.on('request', (request) => {
        if (request.url().endsWith('/interpretation')) asked.push(request.url());
      });
      return asked;
    };

    it('shows every position with its nearest words and their cosines, when asked to', async () => {
      const id = await captionGolden(api.test, editor.tenant, 1);
      const asked = askedFor();
      await open();
      await show().first().waitFor();
      expect(asked).toEqual([]);

      await show().first().click();
      await plot().waitFor();
      expect(asked).toHaveLength(1);
      const { positions } = await editor.get<Interpretation>(`/v1/suggestions/${id}/interpretation`);
      const rows = plot().locator('tbody').getByRole('row');
      expect(await rows.count()).toBe(positions.length);
      for (const [n, { words }] of positions.entries()) {
        const row = rows.nth(n);
        expect(await row.getByRole('rowheader').textContent()).toBe(String(n + 1));
        const read = (await row.getByRole('cell').last().textContent()) ?? '';
        for (const { text, cosine } of words) {
          if (text.trim() !== '') expect(read).toContain(text.trim());
          expect(read).toContain(cosine.toFixed(2));
        }
        expect(await row.locator('circle').count()).toBe(words.length);
      }
      await page.getByRole('button', { name: 'Hide what the decoder was told' }).click();
      expect(await plot().count()).toBe(0);
    });

    it('opens from the keyboard, in the large view too, and keeps what it has read', async () => {
      await captionGolden(api.test, editor.tenant, 2);
      const asked = askedFor();
      await open();
      await enlarge();
      const button = show(dialog());
      expect(await button.getAttribute('aria-expanded')).toBe('false');
      await button.focus();
      await page.keyboard.press('Space');
      await dialog().getByRole('table').waitFor();
      await page.keyboard.press('Space');
      await show(dialog()).waitFor();
      await page.keyboard.press('Space');
      await dialog().getByRole('table').waitFor();
      expect(asked).toHaveLength(1);
    });

    it('speaks in the words of the mapper version that wrote the caption', async () => {
      const mapperId = await registerOwnWords(api.test, editor.tenant, captioner.artefacts, 9);
      const id = await captionGolden(api.test, editor.tenant, 3, { mapperId });
      await open();
      await show().first().click();
      await page.getByRole('table', { name: /that own words 9 made of this picture/ }).waitFor();
      const { positions } = await editor.get<Interpretation>(`/v1/suggestions/${id}/interpretation`);
      expect(await plot().locator('tbody bdi').first().textContent()).toBe(positions[0]!.words[0]!.text.trim());
    });

    it('says why there is nothing to show, and lets one try again', async () => {
      await captionGolden(api.test, editor.tenant, 4, { baseSha256: 'ab'.repeat(32) });
      await open();
      await show().first().click();
      await page.getByRole('alert').filter({ hasText: 'The base model has changed since this was written' }).waitFor();
      await page.getByRole('alert').getByRole('button', { name: 'Try again' }).waitFor();
    });

    it('fits a narrow screen', async () => {
      await captionGolden(api.test, editor.tenant, 5);
      await page.setViewportSize({ width: 390, height: 800 });
      await open();
      await page.getByRole('button', { name: 'Details of' }).click();
      await show(dialog()).click();
      await dialog().getByRole('table').waitFor();
      const overflow = await dialog().evaluate(overflowOf);
      expect(overflow).toBeLessThanOrEqual(0);
    });
  },
);

/** Runs in the page: pixels that an element is wider inside than out. */
const overflowOf = (element: unknown): number => {
  const { scrollWidth, clientWidth } = element as { scrollWidth: number; clientWidth: number };
  return scrollWidth - clientWidth;
};
