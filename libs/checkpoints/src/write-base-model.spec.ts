import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readWeight, type Tensor, type WeightSource } from '@housestyle/graph';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeBaseModel, openBaseModel } from './base-model.js';
import { readBaseReplay } from './base-replay.js';
import { writeBaseModel, type NewBaseModel } from './write-base-model.js';

const DEMO = path.join(import.meta.dirname, '../../../models/demo');
let folder: string;
let base: NewBaseModel;

const tensorsOf = (weights: WeightSource): Map<string, Tensor<'float32'>> =>
  new Map(
    weights.names().map((name) => {
      const { dims } = weights.find(name)!;
      return [name, { type: 'float32', dims, data: readWeight(weights, name) }];
    }),
  );

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'housestyle-base-'));
  const { gpt2, mapper } = await openBaseModel(DEMO);
  base = {
    from: DEMO,
    gpt2: tensorsOf(gpt2.weights),
    mapper: { config: mapper.config as object, tensors: tensorsOf(mapper.weights) },
    provenance: 'a test',
    replay: { embeddings: [new Float32Array(128).fill(0.5)], captions: [{ caption: 'A boat.', row: 0 }] },
  };
});
afterAll(() => rm(folder, { recursive: true }));

describe('a new base model', () => {
  it('is whole: every file listed and verified, weights and replay pictures as given', async () => {
    const target = path.join(folder, 'our-base');
    await writeBaseModel(target, base);
    const description = await describeBaseModel(target);
    expect(description).toMatchObject({ name: 'our-base', version: '1', provenance: 'a test' });
    expect(Object.keys(description.files)).toContain('replay.safetensors');
    const [made, demo] = [await openBaseModel(target, description), await openBaseModel(DEMO)];
    expect(made.clip.config).toEqual(demo.clip.config);
    for (const name of demo.gpt2.weights.names()) {
      expect(readWeight(made.gpt2.weights, name)).toEqual(readWeight(demo.gpt2.weights, name));
    }
    expect(made.mapper.weights.names()).toEqual(demo.mapper.weights.names());
    expect(await readBaseReplay(target)).toHaveLength(1);
  });

  it('takes no folder that is there, and leaves nothing half-written', async () => {
    const before = await readdir(folder);
    await expect(writeBaseModel(path.join(folder, 'our-base'), base)).rejects.toMatchObject({ code: 'conflict' });
    await expect(writeBaseModel(path.join(folder, 'other'), { ...base, from: folder })).rejects.toThrow('ENOENT');
    expect(await readdir(folder)).toEqual(before);
  });
});
