import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { startApp } from './support/app-process.js';

it('the trainer does not start with an engine that is not there, and says what to install or to set', async () => {
  const empty = mkdtempSync(path.join(tmpdir(), 'housestyle-no-tensorflow-'));
  const environment = {
    TRAINER_ENGINE: 'tensorflow',
    TENSORFLOW_FOLDER: empty,
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
  };
  const trainer = await startApp('trainer', { environment });
  expect(await trainer.exited).toBe(1);
  expect(trainer.output()).toMatch(/^trainer: device_unavailable: TRAINER_ENGINE: TensorFlow\.js is not installed/);
  expect(trainer.output()).toMatch(/npm install @tensorflow\/tfjs-node-gpu .*npm install @tensorflow\/tfjs-node /);
  expect(trainer.output()).toMatch(/TRAINER_ENGINE=onnx needs nothing more/);
  rmSync(empty, { recursive: true });
});
