import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SafetensorsFile } from '@housestyle/checkpoints';
import { ClipImageEncoder, ClipTextEncoder } from '@housestyle/clipcap';
import type { DomainError } from '@housestyle/domain';
import { OnnxGraphRunner } from '@housestyle/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clipVariant } from '../../../../test/parity/clip-variants.js';
import { relativeError } from '../../../../test/parity/record-parity.js';
import { floats, torchFile, type TorchTensorData } from '../../../../test/support/torch-file.js';
import { createProgram } from '../program.js';
import type { Terminal } from '../terminal.js';

const TOKENIZER = join(import.meta.dirname, '../../../../models/demo/clip');
const runner = new OnnxGraphRunner({ threads: 1 });

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'import-clip-'))));
afterAll(() => rm(folder, { recursive: true }));

/** `housestyle import clip …`, in this process. */
async function importClip(weights: string, out: string): Promise<string[]> {
  const lines: string[] = [];
  const terminal: Terminal = { print: (line) => lines.push(line), complain: () => undefined };
  const args = ['import', 'clip', weights, '--tokenizer', TOKENIZER, '--out', out];
  await createProgram(terminal, () => undefined).parseAsync(['node', 'housestyle', ...args]);
  return lines;
}

describe.each(['rn50x4, a tenth as wide', "vit-b-16 under OpenAI's names"])('housestyle import clip, %s', (name) => {
  it('makes a CLIP folder of a state dict, whose sizes its shapes say', async () => {
    const { files, pictures, texts, imageEmbeds, textEmbeds } = clipVariant(name);
    const tensors = files.weights.names().map((tensor): [string, TorchTensorData] => {
      const { dims, data } = files.weights.find(tensor)!;
      return [tensor, { dims, data: Buffer.from(data.buffer) }];
    });
    const notes = ['input_resolution', 'context_length', 'vocab_size', 'visual.bn1.num_batches_tracked'];
    const counters = notes.map((note): [string, TorchTensorData] => {
      return [note, { dims: [], storage: 'LongStorage', data: Buffer.alloc(8) }];
    });
    const [weights, out] = [join(folder, `${name}.pt`), join(folder, name)];
    await writeFile(weights, torchFile(new Map([...counters, ...tensors])));
    const lines = await importClip(weights, out);
    expect(lines).toEqual([out, expect.stringMatching(/^CLIP {5}(ResNet|ViT) of .* px → embedding \d+$/), ...after]);

    const read = async (file: string): Promise<Record<string, object>> =>
      JSON.parse(await readFile(join(out, file), 'utf8')) as Record<string, object>;
    const config = await read('config.json');
    // a head of theirs is 64 wide; these are narrower, which no shape says
    for (const tower of ['vision_config', 'text_config'] as const) {
      Object.assign(config[tower]!, { num_attention_heads: headsOf(files.config, tower) });
    }
    const imported = SafetensorsFile.open(join(out, 'model.safetensors'));
    expect(imported.names()).toEqual(files.weights.names().toSorted());
    const preprocessor = await read('preprocessor_config.json');
    const clip = { config, preprocessor, weights: imported, tokenizer: { vocab: {}, merges: '' } };
    const [images, sentences] = [await ClipImageEncoder.load(clip, runner), await ClipTextEncoder.load(clip, runner)];
    (await images.embed(pictures)).forEach((found, n) =>
      expect(relativeError(found, imageEmbeds[n]!)).toBeLessThan(1e-5),
    );
    (await sentences.embed(texts)).forEach((found, n) =>
      expect(relativeError(found, textEmbeds[n]!)).toBeLessThan(1e-5),
    );
    await expect(importClip(weights, out)).rejects.toMatchObject({ code: 'conflict' });
  });
});

describe('housestyle import clip', () => {
  it.each([
    ['another model', ['transformer.wte.weight', [4, 4]], "no CLIP under OpenAI's names (visual.*)"],
    ['a CLIP with parts missing', ['visual.conv1.weight', [4, 3, 8, 8]], 'no tensor visual.positional_embedding'],
  ] as const)('refuses %s', async (what, [tensor, dims], message) => {
    const weights = join(folder, `${what}.pt`);
    await writeFile(weights, torchFile(new Map([[tensor, floats(dims)]])));
    const complaint = { code: 'invalid_model', message: expect.stringContaining(message) as string };
    await expect(importClip(weights, join(folder, what))).rejects.toMatchObject(complaint as DomainError);
  });
});

const after = [
  expect.stringMatching(/^values {3}[\d,]+$/) as string,
  expect.stringContaining('housestyle import clipcap') as string,
];

function headsOf(config: unknown, tower: 'vision_config' | 'text_config'): number {
  return (config as Record<typeof tower, { num_attention_heads: number }>)[tower].num_attention_heads;
}
