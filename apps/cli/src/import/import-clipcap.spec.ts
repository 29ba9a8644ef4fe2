import { cp, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeBaseModel, SafetensorsFile } from '@housestyle/checkpoints';
import type { CaptionOutput } from '@housestyle/clipcap';
import { requireWeight, type WeightSource } from '@housestyle/graph';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { floats, writeTorchFile, type StateDict, type TorchTensorData } from '../../../../test/support/torch-file.js';
import { LocalEngine } from '../local-engine.js';
import { createProgram } from '../program.js';
import { readPicture } from '../read-picture.js';
import type { Terminal } from '../terminal.js';

const ROOT = join(import.meta.dirname, '../../../..');
const DEMO = join(ROOT, 'models/demo');
const PICTURES = ['samples-00000.png', 'samples-00007.png', 'samples-00013.png'].map((name) =>
  join(ROOT, 'samples', name),
);

let folder: string;
let ours: CaptionOutput['hypotheses'][];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'import-clipcap-'));
  ours = await captions(DEMO);
  // a GPT-2 without its weights: configuration and tokenizer
  await cp(join(DEMO, 'gpt2'), join(folder, 'gpt2'), { recursive: true });
  await rm(join(folder, 'gpt2/model.safetensors'));
});
afterAll(() => rm(folder, { recursive: true }));

const at = (name: string): string => join(folder, name);

/** Of every picture all beams: texts, tokens and scores. */
async function captions(model: string, mapper?: string): Promise<CaptionOutput['hypotheses'][]> {
  const engine = await LocalEngine.open(model, { mapper });
  const pictures = await Promise.all(PICTURES.map((file) => readPicture(file, engine.imageSize)));
  return (await engine.caption(pictures, {})).map(({ hypotheses }) => hypotheses);
}

/** `housestyle import clipcap …`, in this process. */
async function importClipCap(...args: string[]): Promise<string[]> {
  const lines: string[] = [];
  const terminal: Terminal = { print: (line) => lines.push(line), complain: () => undefined };
  await createProgram(terminal, () => undefined).parseAsync(['node', 'housestyle', 'import', 'clipcap', ...args]);
  return lines;
}

/** The tensors of a safetensors file as torch.save would write them under `prefix`. */
function stateOf(file: string, prefix = ''): [string, TorchTensorData][] {
  const weights: WeightSource = SafetensorsFile.open(file);
  return weights.names().map((name) => {
    const values = weights.read(name)!;
    return [`${prefix}${name}`, { dims: requireWeight(weights, name).dims, data: Buffer.from(values.buffer) }];
  });
}

/** The demo as the official code would have saved it: masks, and a head that repeats the word table. */
async function demoCheckpoint(name: string, changes: StateDict = new Map()): Promise<string> {
  const gpt2 = stateOf(join(DEMO, 'gpt2/model.safetensors'), 'gpt.');
  const words = gpt2.find(([key]) => key === 'gpt.transformer.wte.weight')![1];
  const masks = [0, 1, 2, 3].flatMap((layer): [string, TorchTensorData][] => [
    [`gpt.transformer.h.${layer}.attn.bias`, { dims: [1, 1, 8, 8], storage: 'ByteStorage', data: Buffer.alloc(64, 1) }],
    [`gpt.transformer.h.${layer}.attn.masked_bias`, floats([], () => -1e4)],
  ]);
  const mapper = stateOf(join(DEMO, 'mapper/model.safetensors'));
  const file = at(name);
  await writeTorchFile(file, new Map([...gpt2, ...masks, ['gpt.lm_head.weight', words], ...mapper, ...changes]));
  return file;
}

describe('housestyle import clipcap', () => {
  it('makes a model of an official checkpoint whose captions are those it was saved with', async () => {
    const checkpoint = await demoCheckpoint('coco_weights.pt');
    const out = at('imported');
    const options = ['--clip', 'demo', '--gpt2', at('gpt2'), '--name', 'ours', '--licence', 'MIT', '--out', out];
    const lines = await importClipCap(checkpoint, ...options);
    expect(lines.slice(0, 4)).toEqual([
      out,
      'mapper   mlp, embedding 128 → prefix 10 × 96, not normalised; 523,680 values',
      "GPT-2    the checkpoint's, tuned with the mapper; 558,144 values",
      'left out 8 attention masks of older transformers, no weights',
    ]);
    expect(await captions(out)).toEqual(ours);
    expect(await describeBaseModel(out)).toMatchObject({
      name: 'ours',
      licence: 'MIT',
      provenance: expect.stringMatching(/^imported from coco_weights\.pt, sha256 [0-9a-f]{64}$/) as string,
    });
    expect(SafetensorsFile.open(join(out, 'gpt2/model.safetensors')).names()).not.toContain('lm_head.weight');
    await expect(importClipCap(checkpoint, ...options)).rejects.toMatchObject({ code: 'conflict' });
  });

  it('knows a GPT-2 that was saved without having been trained, and takes the plain one', async () => {
    const checkpoint = await demoCheckpoint('only_prefix.pt');
    const [line] = await importClipCap(checkpoint, '--base', DEMO, '--out', at('shared'), '--json');
    expect(JSON.parse(line!)).toMatchObject({ gpt2: { from: 'equal' }, mapper: { mapping_type: 'mlp' } });
    const [own, plain] = await Promise.all(
      [at('shared'), DEMO].map((base) => readFile(join(base, 'gpt2/model.safetensors'))),
    );
    expect(own!.equals(plain!)).toBe(true);
  });

  it('keeps a head of its own', async () => {
    const head = floats([1024, 96], (n) => ((n % 31) - 15) / 50);
    const checkpoint = await demoCheckpoint('own_head.pt', new Map([['gpt.lm_head.weight', head]]));
    await importClipCap(checkpoint, '--base', 'demo', '--out', at('own-head'));
    const config = JSON.parse(await readFile(at('own-head/gpt2/config.json'), 'utf8')) as object;
    expect(config).toMatchObject({ tie_word_embeddings: false, n_embd: 96 });
    expect(await captions(at('own-head'))).not.toEqual(ours);
  });

  it('makes a mapper directory of a transformer, once it is told whether embeddings were normalised', async () => {
    const trained = join(DEMO, 'mapper-transformer');
    const checkpoint = at('transformer.pt');
    await writeTorchFile(checkpoint, new Map(stateOf(join(trained, 'model.safetensors'))));
    const options = [checkpoint, '--mapper-only', '--gpt2', 'demo', '--out', at('mapper')];
    await expect(importClipCap(...options)).rejects.toMatchObject({ code: 'invalid_request' });
    const lines = await importClipCap(...options, '--no-normalize-prefix');
    expect(lines).toContain(`Try it:  housestyle caption --mapper ${at('mapper')} photo.jpg`);
    expect(await captions(DEMO, at('mapper'))).toEqual(await captions(DEMO, trained));
    const again = [...options.slice(0, -1), at('normalised'), '--normalize-prefix', '--json'];
    expect(JSON.parse((await importClipCap(...again))[0]!)).toMatchObject({ mapper: { normalize_prefix: true } });
  });

  it('makes a model of a linear mapper alone, in half precision', async () => {
    const half = { dims: [4 * 96, 128], storage: 'HalfStorage', data: Buffer.alloc(2 * 4 * 96 * 128, 1) } as const;
    const checkpoint = at('linear.pt');
    await writeTorchFile(
      checkpoint,
      new Map<string, TorchTensorData>([
        ['clip_project.weight', half],
        ['clip_project.bias', floats([384])],
      ]),
    );
    const lines = await importClipCap(checkpoint, '--base', 'demo', '--out', at('linear'));
    expect(lines[1]).toBe('mapper   linear, embedding 128 → prefix 4 × 96, not normalised; 49,536 values');
    expect(lines[2]).toBe('GPT-2    the plain one; the checkpoint holds none');
    expect(await captions(at('linear'))).toHaveLength(3);
  });

  it('says what to give, and leaves nothing behind when a file is refused', async () => {
    const checkpoint = await demoCheckpoint('damaged.pt');
    const before = await readdir(folder);
    const refused = (...args: string[]) => expect(importClipCap(checkpoint, '--out', at('none'), ...args)).rejects;
    await refused().toThrow("a checkpoint does not hold GPT-2's configuration and tokenizer: give --gpt2 DIR");
    await refused('--gpt2', 'demo').toThrow('a checkpoint does not hold CLIP: give --clip DIR');
    await refused('--base', 'nowhere').toMatchObject({ code: 'model_not_found' });
    await refused('--clip', 'demo', '--gpt2', join(DEMO, 'clip')).toMatchObject({ code: 'invalid_model' });
    const bytes = await readFile(checkpoint);
    bytes[bytes.length >> 1]! ^= 1;
    await writeFile(checkpoint, bytes);
    await refused('--clip', 'demo', '--gpt2', at('gpt2')).toThrow('has other bytes in archive/data/');
    expect(await readdir(folder)).toEqual(before);
  });
});
