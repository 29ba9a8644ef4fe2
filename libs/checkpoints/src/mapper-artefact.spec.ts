import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { float32, type Tensor } from '@housestyle/graph';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openMapperArtefact, openMapperDirectory, writeMapperArtefact } from './mapper-artefact.js';
import { sha256Of } from './model-folder.js';

const base = { name: 'demo', sha256: 'b'.repeat(64) };
const mapper = {
  config: { mapping_type: 'linear', prefix_length: 2 },
  tensors: new Map([
    ['clip_project.weight', float32(new Float32Array(24).fill(0.5), [8, 3])],
    ['clip_project.bias', float32(new Float32Array(8))],
  ]),
  base,
};

let parent: string;
let folder: string;
let sha256: string;

beforeEach(async () => {
  parent = await mkdtemp(path.join(tmpdir(), 'mapper-artefact-'));
  folder = path.join(parent, 'version-1');
  sha256 = await writeMapperArtefact(folder, mapper);
});
afterEach(() => rm(parent, { recursive: true }));

const open = () => openMapperArtefact(folder, { sha256, base });

describe('a mapper artefact', () => {
  it('comes back as it was written, its sha256 the manifest’s', async () => {
    expect(sha256Of(await readFile(path.join(folder, 'manifest.json')))).toBe(sha256);
    const opened = await open();
    expect(opened).toMatchObject({ sha256, config: mapper.config, manifest: { base } });
    expect(opened.weights?.read('clip_project.weight')).toEqual(new Float32Array(24).fill(0.5));
  });

  it('has the same sha256 when the same mapper is written again', async () => {
    expect(await writeMapperArtefact(path.join(parent, 'again'), mapper)).toBe(sha256);
  });

  it('never replaces one that is there, and leaves nothing half-written', async () => {
    await expect(writeMapperArtefact(folder, mapper)).rejects.toMatchObject({ code: 'conflict' });
    expect(await readdir(parent)).toEqual(['version-1']);
  });

  it.each(['config.json', 'manifest.json', 'model.safetensors'])(
    'is refused with one bit of %s flipped',
    async (file) => {
      const bytes = await readFile(path.join(folder, file));
      const last = file === 'model.safetensors' ? bytes.length - 1 : bytes.indexOf('2'.charCodeAt(0));
      bytes[last]! ^= 1;
      await writeFile(path.join(folder, file), bytes);
      await expect(open()).rejects.toMatchObject({
        code: 'checksum_mismatch',
        message: expect.stringContaining(file) as string,
      });
    },
  );

  it('says which tensor is cut short', async () => {
    await truncate(path.join(folder, 'model.safetensors'), 200);
    await expect(open()).rejects.toMatchObject({
      code: 'corrupt_checkpoint',
      message: expect.stringMatching(/^model\.safetensors is truncated: tensor clip_project\.\w+/) as string,
    });
  });

  it('is refused by another base', async () => {
    const other = { name: 'other', sha256: 'c'.repeat(64) };
    await expect(openMapperArtefact(folder, { sha256, base: other })).rejects.toMatchObject({
      code: 'mapper_mismatch',
    });
  });

  it('is refused without a manifest, or with one that leaves a file out', async () => {
    const manifest = path.join(folder, 'manifest.json');
    const incomplete = Buffer.from(JSON.stringify({ files: { 'config.json': 'a'.repeat(64) }, base }));
    await writeFile(manifest, incomplete);
    const expected = { sha256: sha256Of(incomplete), base };
    await expect(openMapperArtefact(folder, expected)).rejects.toMatchObject({ code: 'invalid_model' });
    await rm(manifest);
    await expect(open()).rejects.toMatchObject({ code: 'invalid_model' });
  });

  it('is not found where there is none', async () => {
    await expect(openMapperArtefact(`${folder}0`, { sha256, base })).rejects.toMatchObject({
      code: 'mapper_not_found',
    });
  });
});

describe('an artefact of deltas', () => {
  const delta = {
    config: { mapping_type: 'linear', prefix_length: 2, generation: { stop: [1023] } },
    mapperDelta: new Map([
      ['clip_project.A', float32([1, 2, 3], [3, 1])],
      ['clip_project.B', float32(new Float32Array(8).fill(0.25), [1, 8])],
    ]),
    decoderDelta: new Map<string, Tensor<'float32' | 'float16'>>([
      ['transformer.h.0.mlp.c_fc.A', { type: 'float16', data: Uint16Array.of(0x3c00, 0xb800), dims: [2, 1] }],
      ['transformer.h.0.mlp.c_fc.B', float32([5, 6, 7], [1, 3])],
    ]),
    base,
  };
  const FILES = ['config.json', 'decoder_delta.safetensors', 'manifest.json', 'mapper_delta.safetensors'];
  let deltaFolder: string;
  let deltaSha256: string;

  beforeEach(async () => {
    deltaFolder = path.join(parent, 'delta-1');
    deltaSha256 = await writeMapperArtefact(deltaFolder, delta);
  });

  const openDelta = () => openMapperArtefact(deltaFolder, { sha256: deltaSha256, base });
  const at = (file: string) => path.join(deltaFolder, file);

  it('holds what is changed and no network, half precision as the numbers it stands for', async () => {
    expect((await readdir(deltaFolder)).sort()).toEqual(FILES);
    const opened = await openDelta();
    expect(opened.config).toEqual(delta.config);
    expect(opened.weights).toBeUndefined();
    expect(opened.mapperDelta?.read('clip_project.A')).toEqual(Float32Array.of(1, 2, 3));
    expect(opened.decoderDelta?.read('transformer.h.0.mlp.c_fc.A')).toEqual(Float32Array.of(1, -0.5));
    expect(opened.decoderDelta?.find('transformer.h.0.mlp.c_fc.A')?.type).toBe('float32');
  });

  it('may hold one of the two, or a network and a change of the decoder', async () => {
    const { config, mapperDelta, decoderDelta } = delta;
    const kinds = { one: { mapperDelta }, two: { decoderDelta }, both: { tensors: mapper.tensors, decoderDelta } };
    for (const [name, weights] of Object.entries(kinds)) {
      const written = path.join(parent, name);
      const opened = await openMapperArtefact(written, {
        sha256: await writeMapperArtefact(written, { config, base, ...weights }),
        base,
      });
      expect([opened.weights, opened.mapperDelta, opened.decoderDelta].map(Boolean)).toEqual([
        'tensors' in weights,
        'mapperDelta' in weights,
        'decoderDelta' in weights,
      ]);
    }
  });

  it('is not written without weights, or with two mappers', async () => {
    const { config, mapperDelta } = delta;
    for (const weights of [{}, { tensors: mapper.tensors, mapperDelta }]) {
      const written = writeMapperArtefact(path.join(parent, 'bad'), { config, base, ...weights });
      await expect(written).rejects.toMatchObject({ code: 'invalid_model' });
    }
    expect((await readdir(parent)).sort()).toEqual(['delta-1', 'version-1']);
  });

  it.each(FILES)('is refused with any one bit of %s flipped', async (file) => {
    const good = await readFile(at(file));
    for (let bit = 0; bit < good.length * 8; bit += 61) {
      const flipped = Buffer.from(good);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      await writeFile(at(file), flipped);
      await expect(openDelta()).rejects.toMatchObject({
        code: expect.stringMatching(/^(checksum_mismatch|corrupt_checkpoint|invalid_model)$/) as string,
      });
    }
  });

  it.each(FILES.filter((file) => file.endsWith('.safetensors')))('is refused with %s cut short', async (file) => {
    await truncate(at(file), 190);
    const message = expect.stringMatching(new RegExp(`^${file} is truncated`)) as string;
    await expect(openDelta()).rejects.toMatchObject({ code: 'corrupt_checkpoint', message });
  });

  it('is refused with a file taken away, or one put beside it that nobody vouches for', async () => {
    await rm(at('mapper_delta.safetensors'));
    await expect(openDelta()).rejects.toMatchObject({ code: 'invalid_model' });
    await writeMapperArtefact(path.join(parent, 'one'), {
      config: delta.config,
      decoderDelta: delta.decoderDelta,
      base,
    });
    await writeFile(
      path.join(parent, 'one', 'mapper_delta.safetensors'),
      await readFile(at('decoder_delta.safetensors')),
    );
    const sha256 = sha256Of(await readFile(path.join(parent, 'one', 'manifest.json')));
    await expect(openMapperArtefact(path.join(parent, 'one'), { sha256, base })).rejects.toMatchObject({
      code: 'invalid_model',
      message: 'manifest.json: mapper_delta.safetensors is not listed',
    });
  });

  it('belongs to one base', async () => {
    const other = { name: 'demo', sha256: 'c'.repeat(64) };
    const opened = openMapperArtefact(deltaFolder, { sha256: deltaSha256, base: other });
    await expect(opened).rejects.toMatchObject({ code: 'mapper_mismatch' });
    await expect(openMapperDirectory(deltaFolder, other)).rejects.toMatchObject({ code: 'mapper_mismatch' });
  });

  it('opens as a plain directory by its own manifest; without one nobody knows its base', async () => {
    expect(await openMapperDirectory(deltaFolder, base)).toMatchObject({ sha256: deltaSha256 });
    await rm(at('manifest.json'));
    await expect(openMapperDirectory(deltaFolder, base)).rejects.toMatchObject({ code: 'invalid_model' });
    await rm(path.join(folder, 'manifest.json'));
    expect((await openMapperDirectory(folder, base)).weights?.names()).toHaveLength(2);
  });
});
