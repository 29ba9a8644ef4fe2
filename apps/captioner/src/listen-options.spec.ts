import { readCaptionerSettings } from '@housestyle/settings';
import type { Logger } from '@housestyle/telemetry';
import { expect, it } from 'vitest';
import { listenOptions } from './listen-options.js';

const warnings = (host: string): string[] => {
  const said: string[] = [];
  const logger = { warn: (_fields: object, message: string) => said.push(message) } as unknown as Logger;
  listenOptions(readCaptionerSettings({ CAPTIONER_HOST: host }), logger);
  return said;
};

it.each(['127.0.0.1', '127.8.8.8', 'localhost', '::1', '[::1]'])('says nothing of plain text on %s', (host) => {
  expect(warnings(host)).toEqual([]);
});

it.each(['0.0.0.0', '::', '10.0.0.7', 'captioner', '127.0.0.1.example'])('warns of plain text on %s', (host) => {
  expect(warnings(host)).toEqual([expect.stringContaining('plain text')]);
});
