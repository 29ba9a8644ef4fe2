import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  GPT2_SMALL,
  gpt2State,
  linearState,
  mlpState,
  transformerState,
} from '../../../../test/support/clipcap-checkpoint.js';
import { floats, unread, writeTorchFile, type StateDict } from '../../../../test/support/torch-file.js';
import { writeSafetensors } from '../safetensors-writer.js';
import { countBytes, countValues } from './checkpoint-part.js';
import {
  decoderWidthOf,
  embeddingWidthOf,
  expectGpt2,
  isPlainGpt2,
  mapperConfigOf,
  mapperJsonOf,
  takeApart,
} from './clipcap-checkpoint.js';
import { PyTorchFile } from './pytorch-file.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'housestyle-clipcap-'));
});
afterAll(() => rm(folder, { recursive: true }));

let count = 0;
async function parts(...states: StateDict[]) {
  const file = path.join(folder, `${count++}.pt`);
  await writeTorchFile(file, new Map(states.flatMap((state) => [...state])));
  return takeApart(PyTorchFile.open(file, 'weights.pt'));
}

const around = { decoderWidth: 768, numHeads: 8, isPrefixNormalized: false };
const gpt2Json = { n_embd: 768, n_layer: 12, n_head: 12, vocab_size: 50257, n_positions: 1024 };
const gpt2 = gpt2State(GPT2_SMALL, unread);
const tiny = { width: 8, layers: 1, words: 6, positions: 4 };
const tinyJson = { n_embd: 8, n_layer: 1, n_head: 2, vocab_size: 6, n_positions: 4 };

describe('official checkpoints at their real sizes', () => {
  it.each([
    [
      'COCO and Conceptual',
      mlpState({ embedding: 512, prefix: 10, width: 768 }, unread),
      512,
      31_468_800,
      { prefix_length: 10 },
    ],
    [
      'an MLP of 40 for RN50x4',
      mlpState({ embedding: 640, prefix: 40, width: 768 }, unread),
      640,
      481_735_680,
      { prefix_length: 40 },
    ],
    [
      'a linear layer of 20',
      linearState({ embedding: 512, prefix: 20, width: 768 }, unread),
      512,
      7_879_680,
      { prefix_length: 20 },
    ],
    [
      'the COCO transformer',
      transformerState({ embedding: 640, prefix: 40, width: 768, clipLength: 40, layers: 8 }, unread),
      640,
      57_520_128,
      { prefix_length: 40, clip_length: 40, num_layers: 8, num_heads: 8 },
    ],
    [
      'a transformer of 10 from 20',
      transformerState({ embedding: 512, prefix: 10, width: 768, clipLength: 20, layers: 4 }, unread),
      512,
      26_786_304,
      { prefix_length: 10, clip_length: 20, num_layers: 4, num_heads: 8 },
    ],
  ])('%s: known by keys, sized by shapes, with and without GPT-2', async (what, mapper, d, values, config) => {
    const { gpt2: decoder, leftOut, isHeadTied, ...whole } = await parts(mapper, gpt2);
    expect(embeddingWidthOf(whole.mapper)).toBe(d);
    const found = mapperConfigOf(whole.mapper, { ...around, embeddingWidth: d });
    expect(mapperJsonOf(found)).toMatchObject({ ...config, prefix_size: d, normalize_prefix: false });
    expect(found.mappingType).toBe(
      what.includes('linear') ? 'linear' : what.includes('transf') ? 'transformer' : 'mlp',
    );
    expect(countValues(whole.mapper.shapes)).toBe(values);
    expect([decoder!.names().length, leftOut.length, isHeadTied]).toEqual([148, 24, true]);
    expect(decoder!.names()).not.toContain('lm_head.weight');
    expect(decoderWidthOf(decoder!)).toBe(768);
    expect(countBytes(decoder!.tensors())).toBe(4 * 124_439_808);
    expectGpt2(decoder!, gpt2Json);

    const alone = await parts(mapper);
    expect(alone.gpt2).toBeUndefined();
    expect(mapperConfigOf(alone.mapper, { ...around, embeddingWidth: d })).toEqual(found);
  });

  it('are refused beside another CLIP or another GPT-2', async () => {
    const { mapper, gpt2: decoder } = await parts(mlpState({ embedding: 512, prefix: 10, width: 768 }, unread), gpt2);
    const config = (embeddingWidth: number, decoderWidth: number) => () =>
      mapperConfigOf(mapper, { ...around, embeddingWidth, decoderWidth });
    expect(config(640, 768)).toThrow('takes image embeddings of width 512, the base has 640');
    expect(config(512, 1000)).toThrow("its mapper writes 7680 values, which is no multiple of the GPT-2's width 1000");
    expect(() => expectGpt2(decoder!, { ...gpt2Json, n_layer: 24 })).toThrow(
      'weights.pt has a GPT-2 of 12 layers, gpt2/config.json says 24',
    );
    expect(() => expectGpt2(decoder!, { ...gpt2Json, vocab_size: 50000 })).toThrow(
      'transformer.wte.weight is [50257, 768], its configuration says [50000, 768]',
    );
  });
});

describe('a checkpoint', () => {
  const mapper = linearState({ embedding: 3, prefix: 2, width: 8 }, (dims) => floats(dims));
  const numbered = gpt2State(tiny, (dims) => floats(dims, (n) => n / 7));

  it.each([
    [
      'tensors of another model',
      new Map([['clip_model.visual.proj', floats([2])]]),
      'neither clip_project.* nor gpt.*: clip_model',
    ],
    ['no mapper', numbered, 'has no mapping network (clip_project.*)'],
  ])('with %s is refused', async (_what, state, complaint) => {
    await expect(parts(state)).rejects.toThrow(complaint);
  });

  it('with a mapper of an unknown kind, or of masks, is refused', async () => {
    const other = await parts(new Map([['clip_project.gru.weight', floats([2, 2])]]));
    expect(() => embeddingWidthOf(other.mapper)).toThrow('a mapping network of no known kind');
    const flags = { storage: 'BoolStorage', dims: [16, 3], data: Buffer.alloc(48) } as const;
    const masks = await parts(new Map([...mapper, ['clip_project.weight', flags]]));
    expect(() => embeddingWidthOf(masks.mapper)).toThrow('tensor clip_project.weight of bool is not a weight');
  });

  it('whose head is a copy of its word table has a tied head; with another head it has its own', async () => {
    const copied = await parts(mapper, new Map([...numbered, ['gpt.lm_head.weight', floats([6, 8], (n) => n / 7)]]));
    expect([copied.isHeadTied, copied.gpt2!.names().includes('lm_head.weight')]).toEqual([true, false]);
    const own = await parts(mapper, new Map([...numbered, ['gpt.lm_head.weight', floats([6, 8], (n) => n / 8)]]));
    expect([own.isHeadTied, own.gpt2!.names().includes('lm_head.weight')]).toEqual([false, true]);
    expectGpt2(own.gpt2!, { ...tinyJson, tie_word_embeddings: false });
  });

  it('whose GPT-2 was never trained is known by the plain one, whatever that one calls its tensors', async () => {
    const { gpt2: decoder } = await parts(mapper, numbered);
    const plain = path.join(folder, 'plain.safetensors');
    const short = [...decoder!.tensors()].map(
      ([name, tensor]) => [name.replace(/^transformer\./, ''), tensor] as const,
    );
    await writeSafetensors(plain, new Map(short));
    expect(isPlainGpt2(decoder!, plain)).toBe(true);
    const bias = 'gpt.transformer.h.0.mlp.c_proj.bias';
    const tuned = await parts(mapper, new Map([...numbered, [bias, floats([8], () => 1e-7)]]));
    expect(isPlainGpt2(tuned.gpt2!, plain)).toBe(false);
    await writeSafetensors(plain, new Map(short.slice(1)));
    expect(isPlainGpt2(decoder!, plain)).toBe(false);
  });
});
