import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openBaseModel, writeFeatures } from '@housestyle/checkpoints';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { housestyle as run } from '../support/housestyle.js';
import { writeResNetBase } from '../support/resnet-base.js';

const fromRoot = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

interface Result {
  readonly captions: number;
  readonly pictures: number;
  readonly layers: number;
}

describe('housestyle models calibrate', () => {
  let folder: string;
  let model: string;
  let pictures: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'housestyle-calibrate-'));
    [model, pictures] = [join(folder, 'model'), join(folder, 'pictures')];
    await cp(fromRoot('models/demo'), model, { recursive: true });
    for (const n of [0, 1, 2]) {
      const name = `samples-0000${n}.png`;
      await cp(fromRoot(`samples/${name}`), join(pictures, name));
    }
  });
  afterAll(() => rm(folder, { recursive: true }));

  const calibrate = (...options: string[]) => run(['models', 'calibrate', model, '--captions', '5', ...options]);

  it('measures the layers of the mapper and of GPT-2, and with pictures those of CLIP', async () => {
    const plain = await calibrate('--json');
    const [{ layers, ...counts }] = plain.jsonLines<Result>() as [Result];
    expect([plain.exitCode, counts]).toMatchObject([0, { captions: 5, pictures: 0 }]);
    expect((await namesOfCalibration()).filter((name) => name.startsWith('vision_model.'))).toEqual([]);

    const shown = await calibrate('--pictures', pictures, '--json');
    const [all] = shown.jsonLines<Result>() as [Result];
    expect([shown.exitCode, all]).toMatchObject([0, { captions: 5, pictures: 3 }]);
    const names = await namesOfCalibration();
    expect(names).toHaveLength(all.layers);
    expect(all.layers).toBeGreaterThan(layers);
    const again = await calibrate('--json');
    expect(again.jsonLines<Result>()[0]).toMatchObject({ pictures: 3, layers: all.layers }); // what CLIP was shown stays
    for (const layer of ['clip_project.model.0', 'vision_model.encoder.layers.0.mlp.fc1', 'transformer.wte']) {
      expect(names).toContain(layer);
    }
    const { exitCode, stdout } = await run(['caption', '--model', model, '--precision', 'int8-static', samplePath()]);
    expect([exitCode, stdout.trim().split('\t')[1]]).toEqual([0, expect.stringMatching(/\w+ \w+/)]);
  });

  it('reports a bad picture and goes by the others; refuses a folder without any', async () => {
    await writeFile(join(pictures, 'broken.png'), 'no picture');
    const { exitCode, stderr, jsonLines } = await calibrate('--pictures', pictures, '--json');
    expect([exitCode, jsonLines<Result>()[0]]).toMatchObject([1, { pictures: 3 }]);
    expect(stderr).toMatch(/broken\.png: \w+:/);
    const before = await namesOfCalibration();
    const none = await calibrate('--pictures', join(model, 'gpt2'));
    expect([none.exitCode, none.stderr]).toEqual([1, expect.stringContaining('no picture that can be read')]);
    expect(await namesOfCalibration()).toEqual(before);
  });

  it('says that a ResNet needs no pictures', async () => {
    const resnet = join(folder, 'resnet');
    await writeResNetBase(resnet);
    const features = join(folder, 'features.safetensors');
    await writeFeatures(features, {
      embeddings: [new Float32Array(640).fill(0.1)],
      captions: [{ caption: 'a', row: 0 }],
    });
    const args = ['models', 'calibrate', resnet, '--features', features, '--pictures', pictures];
    const { exitCode, stderr } = await run(args);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('its CLIP is a ResNet')]);
  });

  const samplePath = () => join(pictures, 'samples-00000.png');

  async function namesOfCalibration(): Promise<string[]> {
    const { calibration } = await openBaseModel(model);
    return [...calibration!.names()];
  }
});
