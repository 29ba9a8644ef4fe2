import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { openTrainingEngine } from './training-engine.js';

it('leaves the recipe its own engine', async () => {
  expect(await openTrainingEngine({ name: 'onnx' })).toBeUndefined();
});

it('names the setting and the packages when TensorFlow.js is not there', async () => {
  const tensorFlowFolder = mkdtempSync(path.join(tmpdir(), 'housestyle-no-tensorflow-'));
  await expect(openTrainingEngine({ name: 'tensorflow', tensorFlowFolder })).rejects.toMatchObject({
    code: 'device_unavailable',
    message: expect.stringMatching(/^TRAINER_ENGINE: .*tfjs-node-gpu .*tfjs-node .*TRAINER_ENGINE=onnx/) as string,
  });
  rmSync(tensorFlowFolder, { recursive: true });
});
