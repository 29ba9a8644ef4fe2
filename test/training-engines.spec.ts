import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { encodeSafetensors, SafetensorsFile } from '@housestyle/checkpoints';
import { float32, readWeight } from '@housestyle/graph';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startApp } from './support/app-process.js';
import { describeWith } from './support/describe-with.js';
import { housestyle } from './support/housestyle.js';
import { tensorflow } from './support/tensorflow.js';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(path.join(tmpdir(), 'housestyle-engines-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const ADVICE = /npm install @tensorflow\/tfjs-node-gpu .*npm install @tensorflow\/tfjs-node /;

describe('an engine that is not there', () => {
  it('stops the trainer’s start, which says what to install or to set', async () => {
    const environment = {
      TRAINER_ENGINE: 'tensorflow',
      TENSORFLOW_FOLDER: folder,
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
    };
    const trainer = await startApp('trainer', { environment });
    expect(await trainer.exited).toBe(1);
    expect(trainer.output()).toMatch(/^trainer: device_unavailable: TRAINER_ENGINE: TensorFlow\.js is not installed/);
    expect(trainer.output()).toMatch(ADVICE);
    expect(trainer.output()).toMatch(/TRAINER_ENGINE=onnx needs nothing more/);
  });

  it('is refused by housestyle train before it does anything', async () => {
    const out = path.join(folder, 'mapper');
    const args = ['train', '--features', 'none.safetensors', '--out', out, '--engine', 'tensorflow'];
    const { exitCode, stderr } = await housestyle(args, { environment: { TENSORFLOW_FOLDER: folder } });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^housestyle: device_unavailable: --engine tensorflow: TensorFlow\.js is not installed/);
    expect(stderr).toMatch(ADVICE);
  });
});

describeWith([tensorflow()], 'housestyle train', () => {
  it('loses as much with either engine', { timeout: 240_000 }, async () => {
    const features = someFeatures();
    const losses = async (engine: string): Promise<number[]> => {
      const out = path.join(folder, engine);
      const args = ['--features', features, '--epochs', '1', '--batch-size', '40', '--json'];
      const outcome = await housestyle(['train', ...args, '--out', out, '--engine', engine]);
      expect(outcome.exitCode).toBe(0);
      return outcome.jsonLines<{ readonly loss: number }>().map(({ loss }) => loss);
    };
    const [onnx, own] = [await losses('onnx'), await losses('tensorflow')];
    expect(own).toHaveLength(onnx.length);
    own.forEach((loss, n) => expect(Math.abs(loss - onnx[n]!) / onnx[n]!).toBeLessThan(1e-4));
  });
});

/** Of the demo's pictures, so many as make twenty updates. */
function someFeatures(): string {
  const [count, width] = [800, 128];
  const all = readWeight(SafetensorsFile.open('models/demo/replay.safetensors'), 'image_embeds');
  const embeddings = float32(all.slice(0, count * width), [count, width]);
  const file = path.join(folder, 'some.safetensors');
  writeFileSync(file, encodeSafetensors(new Map([['image_embeds', embeddings]])));
  const lines = readFileSync('models/demo/replay.jsonl', 'utf8').split('\n').slice(0, count);
  writeFileSync(path.join(folder, 'some.jsonl'), `${lines.join('\n')}\n`);
  return file;
}
