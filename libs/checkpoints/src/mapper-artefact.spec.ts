import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { float32 } from '@housestyle/graph';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openMapperArtefact, writeMapperArtefact } from './mapper-artefact.js';
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
    expect(opened.weights.read('clip_project.weight')).toEqual(new Float32Array(24).fill(0.5));
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
