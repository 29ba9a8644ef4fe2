import { readFileSync } from 'node:fs';
import { openBaseModel, readBaseReplay, readFeatures } from '@housestyle/checkpoints';
import { CaptionEngine, Gpt2Tokenizer, type BaseModelFiles, type CaptionOutput } from '@housestyle/clipcap';
import { evaluateCaptions, tokenisePictures } from '@housestyle/evaluation';
import { OnnxGraphRunner } from '@housestyle/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEMO, DEMO_RU } from '../../support/bases.js';
import { housestyle } from '../../support/housestyle.js';
import { embeddings, scenes, TEST_FROM } from '../demo-styles.mjs';
import { thingsIn, toRussian } from './translate.mjs';

const local = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8');
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

describe('the demo captions in Russian', () => {
  it.each([
    ['Two red dogs next to three blue cats.', 'Две красные собаки рядом с тремя синими котами.'],
    ['Three yellow chairs near a green apple on the beach.', 'Три жёлтых стула около зелёного яблока на пляже.'],
    ['On a sandy beach, a purple hat is on a black table.', 'На песчаном пляже фиолетовая шляпа на чёрном столе.'],
    ['A large white kite flying over the sea at night.', 'Большой белый воздушный змей летит над морем ночью.'],
    ['There are a pair of small orange birds at sunset.', 'Здесь пара маленьких оранжевых птиц на закате.'],
  ])('%s', (english, russian) => {
    expect(toRussian(english)).toBe(russian);
  });

  it('are told of every replay picture, with the same kinds of things', async () => {
    const { captions } = await readFeatures(`${DEMO}/replay.safetensors`);
    for (const { caption } of captions) {
      const things = thingsIn(toRussian(caption));
      expect(things.length, caption).toBeGreaterThan(0);
      for (const { colour } of things) expect(caption).toContain(colour);
    }
  });

  it('are not made of anything else', () => {
    expect(() => toRussian('A red submarine in a meadow.')).toThrow('no Russian from "a red submarine');
  });
});

describe('a base model of another language', () => {
  let base: BaseModelFiles;
  let engine: CaptionEngine;

  beforeAll(async () => {
    base = await openBaseModel(DEMO_RU);
    engine = await CaptionEngine.load(base, new OnnxGraphRunner({ threads: 1 }));
  });
  afterAll(() => engine.release());

  const caption = (pictures: readonly Float32Array[]): Promise<CaptionOutput[]> =>
    engine.caption(pictures.map((embedding) => ({ input: { embedding } })));

  it('has a tokenizer of its own, read as Hugging Face reads it', () => {
    const tokenizer = new Gpt2Tokenizer(base.gpt2.tokenizer);
    expect(tokenizer.endOfTextId).toBe(0);
    const goldens = JSON.parse(local('tokenizer.json')) as { text: string; ids: number[] }[];
    for (const { text, ids } of goldens) {
      expect(tokenizer.encode(text), text).toEqual(ids);
      expect(tokenizer.decode(ids)).toBe(text);
    }
  });

  it('uses the demo’s CLIP, which lies in the demo’s folder alone', async () => {
    const demo = await openBaseModel(DEMO);
    expect(base.clip.weights.find('visual_projection.weight')).toEqual(
      demo.clip.weights.find('visual_projection.weight'),
    );
  });

  it('says in its language what it sees in pictures it was not trained on', async () => {
    const outputs = await caption(embeddings.slice(TEST_FROM));
    const texts = outputs.map(({ hypotheses }) => hypotheses[0]!.text);
    expect(outputs.every(({ hypotheses }) => hypotheses[0]!.isStopped)).toBe(true);
    expect(texts.every((text) => /^\p{Script=Cyrillic}[\p{Script=Cyrillic} ,]+\.$/u.test(text))).toBe(true);

    const drawn = scenes.slice(TEST_FROM) as unknown as {
      readonly groups: readonly { readonly kind: string; readonly colour: string }[];
    }[];
    const said = texts.map((text) => thingsIn(text));
    const groups = drawn.flatMap((scene, n) => scene.groups.map((group) => ({ ...group, n, of: scene.groups.length })));
    const share = (of: typeof groups, isRight: (group: (typeof groups)[number]) => boolean) =>
      of.filter(isRight).length / of.length;
    const hasKind = ({ kind, n }: (typeof groups)[number]) => said[n]!.some((thing) => thing.kind === kind);
    const hasBoth = ({ kind, colour, n }: (typeof groups)[number]) =>
      said[n]!.some((thing) => thing.kind === kind && thing.colour === colour);
    const single = groups.filter(({ of }) => of === 1);
    const references = local('references.jsonl').trim().split('\n');
    const { corpus } = evaluateCaptions(
      tokenisePictures(
        texts.map((hypothesis, n) => ({ hypothesis, references: JSON.parse(references[n]!) as string[] })),
      ),
    );
    console.log(
      `100 unseen pictures in Russian: kind ${percent(share(groups, hasKind))}, kind and colour ${percent(share(groups, hasBoth))}` +
        ` (one group: ${percent(share(single, hasBoth))}), BLEU-4 ${corpus.bleu[3]!.toFixed(3)}, CIDEr ${corpus.cider.toFixed(2)}`,
    );
    expect(share(groups, hasKind)).toBeGreaterThan(0.8);
    expect(share(groups, hasBoth)).toBeGreaterThan(0.55);
    expect(share(single, hasBoth)).toBeGreaterThan(0.9);
    expect(corpus.bleu[3]).toBeGreaterThan(0.5);
    expect(corpus.cider).toBeGreaterThan(2.5);
  });

  it('stops at its own full stop where its mapper says nothing of it', async () => {
    const config = Object.fromEntries(
      Object.entries(base.mapper.config as object).filter(([key]) => key !== 'generation'),
    );
    const silent = await CaptionEngine.load(
      { ...base, mapper: { ...base.mapper, config } },
      new OnnxGraphRunner({ threads: 1 }),
    );
    const [{ hypotheses }] = (await silent.caption([{ input: { embedding: embeddings[0]! } }])) as [CaptionOutput];
    expect(hypotheses[0]).toMatchObject({ isStopped: true, text: expect.stringMatching(/[^.]\.$/) as string });
    expect(hypotheses[0]!.tokens.at(-1)).toBe(new Gpt2Tokenizer(base.gpt2.tokenizer).encode('.')[0]);
    await silent.release();
  });

  it('ships pictures to replay, captioned in its language', async () => {
    const replay = await readBaseReplay(DEMO_RU);
    expect(replay).toHaveLength(600);
    expect(replay.every(({ caption: text }) => thingsIn(text).length > 0)).toBe(true);
  });

  it('is used from a terminal by its name', async () => {
    const { exitCode, stdout } = await housestyle(['caption', '--model', 'demo-ru', 'samples/samples-00005.png']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^samples\/samples-00005\.png\t\p{Script=Cyrillic}[\p{Script=Cyrillic} ,]+\.\n$/u);
  });
});
