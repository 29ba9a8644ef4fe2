import { chromium, type Browser } from 'playwright-core';
import { chromiumPath } from './requirements.js';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The machine's own Chromium, headless; it reaches nothing but what a test opens. */
export async function startChromium(): Promise<Browser> {
  if (chromiumPath === undefined) throw new Error('no Chromium: guard the test with requirements.chromium()');
  return chromium.launch({ executablePath: chromiumPath, headless: true, args: FLAGS });
}
