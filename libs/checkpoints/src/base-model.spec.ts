import { cp, mkdtemp, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { requireWeight, type Tensor } from '@housestyle/graph';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeBaseModel, filesOfBase, openBaseModel } from './base-model.js';
import { sha256Of } from './model-folder.js';
import { SafetensorsFile } from './safetensors-file.js';
import { encodeSafetensors, type WritableType } from './safetensors-writer.js';

const DEMO = path.join(import.meta.dirname, '../../../models/demo');
let folder: string;

beforeEach(async () => {
  folder = path.join(await mkdtemp(path.join(tmpdir(), 'base-model-')), 'mine');
  await cp(DEMO, folder, { recursive: true });
});
afterEach(() => rm(path.dirname(folder), { recursive: true }));

describe('a base model’s folder', () => {
  it('is identified by its housestyle.json', async () => {
    const description = await describeBaseModel(folder);
    expect(description).toMatchObject({
      name: 'demo',
      licence: 'Apache-2.0',
      generation: { num_beams: 5, max_new_tokens: 67, stop: [13] },
      sha256: sha256Of(await readFile(path.join(folder, 'housestyle.json'))),
    });
    const base = await openBaseModel(folder, description);
    expect(base).toMatchObject({ name: 'demo', version: description.version, sha256: description.sha256 });
    expect(base.clip.tokenizer.vocab['<|endoftext|>']).toBe(837);
    expect(base.gpt2.tokenizer.merges).toContain('\n');
  });

  it('is identified by its files when it has no housestyle.json', async () => {
    await rm(path.join(folder, 'housestyle.json'));
    const first = await describeBaseModel(folder);
    expect(first).toMatchObject({ name: 'mine', version: '0' });
    await writeFile(path.join(folder, 'gpt2/merges.txt'), '#version: 0.2\n');
    expect((await describeBaseModel(folder)).sha256).not.toBe(first.sha256);
  });

  it('says what to make of OpenAI’s own file in the place of its CLIP', async () => {
    await rm(path.join(folder, 'housestyle.json'));
    await rename(path.join(folder, 'clip/model.safetensors'), path.join(folder, 'clip/RN50x4.pt'));
    const message = expect.stringMatching(/clip\/RN50x4\.pt is not read: .*`housestyle import clip`/) as string;
    await expect(describeBaseModel(folder)).rejects.toMatchObject({ code: 'invalid_model', message });
  });

  describe('whose CLIP is its neighbour’s', () => {
    const manifest = async (change: object): Promise<void> => {
      const file = path.join(folder, 'housestyle.json');
      const own = JSON.parse(await readFile(file, 'utf8')) as object;
      await writeFile(file, JSON.stringify({ ...own, ...change }));
    };

    it('opens it there, verified, and copies it into a new base', async () => {
      await rename(path.join(folder, 'clip'), path.join(folder, '../theirs-clip'));
      await cp(path.join(folder, '../theirs-clip'), path.join(folder, '../theirs/clip'), { recursive: true });
      await manifest({ clip_of: 'theirs' });
      const description = await describeBaseModel(folder);
      expect(description).toMatchObject({ name: 'demo', clipOf: 'theirs' });
      expect((await openBaseModel(folder, description)).clip.tokenizer.vocab['<|endoftext|>']).toBe(837);
      expect((await filesOfBase(folder)).pathOf('clip/config.json')).toBe(
        path.join(path.dirname(folder), 'theirs/clip/config.json'),
      );
      await truncate(path.join(folder, '../theirs/clip/merges.txt'), 10);
      await expect(openBaseModel(folder)).rejects.toMatchObject({ code: 'checksum_mismatch' });
    });

    it.each(['../elsewhere', '/etc', '..', 'a/b', ''])('never lies at %j', async (neighbour) => {
      await manifest({ clip_of: neighbour });
      await expect(describeBaseModel(folder)).rejects.toMatchObject({ code: 'invalid_model' });
    });
  });

  it('is refused when one bit of one listed file is flipped', async () => {
    const file = path.join(folder, 'gpt2/model.safetensors');
    const bytes = await readFile(file);
    bytes[bytes.length - 1]! ^= 1;
    await writeFile(file, bytes);
    await expect(openBaseModel(folder)).rejects.toMatchObject({
      code: 'checksum_mismatch',
      message: expect.stringContaining('gpt2/model.safetensors') as string,
    });
  });

  it('says which file and tensor is cut short', async () => {
    await rm(path.join(folder, 'housestyle.json'));
    await truncate(path.join(folder, 'clip/model.safetensors'), 1_000_000);
    await expect(openBaseModel(folder)).rejects.toMatchObject({
      code: 'corrupt_checkpoint',
      message: expect.stringMatching(/^clip\/model\.safetensors is truncated: tensor text_model\.\S+ ends/) as string,
    });
  });

  it('says what is missing', async () => {
    await expect(openBaseModel(path.join(folder, 'none'))).rejects.toMatchObject({ code: 'model_not_found' });
    await rm(path.join(folder, 'clip/merges.txt'));
    const missing = { code: 'invalid_model', message: expect.stringContaining('clip/merges.txt') as string };
    await expect(openBaseModel(folder)).rejects.toMatchObject(missing);
    await rm(path.join(folder, 'housestyle.json'));
    await expect(openBaseModel(folder)).rejects.toMatchObject(missing);
  });

  it.each([
    ['a file outside', { '../secret': 'a'.repeat(64) }],
    ['an absolute path', { '/etc/passwd': 'a'.repeat(64) }],
    ['something that is no sha256', { 'clip/config.json': 'abc' }],
    ['not every file', {}],
  ])('refuses a housestyle.json that lists %s', async (_what, files) => {
    await writeFile(path.join(folder, 'housestyle.json'), JSON.stringify({ name: 'x', version: '1', files }));
    await expect(describeBaseModel(folder)).rejects.toMatchObject({ code: 'invalid_model' });
  });

  it('takes GPT-2 in both spellings and leaves its buffers out', async () => {
    const file = path.join(folder, 'gpt2/model.safetensors');
    const before = await openBaseModel(folder);
    const weights = SafetensorsFile.open(file);
    const lastBias = weights.read('transformer.ln_f.bias');
    const renamed = weights.names().map((name) => {
      const values = weights.read(name)!;
      const { dims } = requireWeight(weights, name);
      return [name.replace(/^transformer\./, ''), { type: 'float32' as const, data: values, dims }] as const;
    });
    const buffer = ['h.0.attn.bias', { type: 'uint8' as const, data: Uint8Array.of(1), dims: [1] }] as const;
    await writeFile(`${file}.new`, encodeSafetensors(new Map<string, Tensor<WritableType>>([...renamed, buffer])));
    await rename(`${file}.new`, file);
    await rm(path.join(folder, 'housestyle.json'));
    const after = await openBaseModel(folder);
    expect([...after.gpt2.weights.names()].sort()).toEqual([...before.gpt2.weights.names()].sort());
    expect(after.gpt2.weights.names()).toContain('transformer.wte.weight');
    expect(after.gpt2.weights.find('transformer.h.0.attn.bias')).toBeUndefined();
    expect(after.gpt2.weights.find('transformer.h.0.attn.c_attn.bias')).toBeDefined();
    expect(after.gpt2.weights.read('transformer.ln_f.bias')).toEqual(lastBias);
  });
});
