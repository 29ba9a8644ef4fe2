import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bleu4, ciderD } from './quality/caption-metrics.js';
import { scorePictureBook, type Grammar, type PictureBookScore, type Scene } from './quality/picture-book-score.js';
import { recordParity } from './record-parity.js';
import { MAPPER_KINDS, type MapperKind } from './reference.js';
import {
  demoEngine,
  generatedCaptions,
  readImagesJson,
  referenceCaptions,
  testPixels,
  type DemoEngine,
} from './test-pictures.js';

/** The demo model's quality table: the reference implementation on the same 1,000 pictures. */
const TABLE: Readonly<Record<MapperKind, PictureBookScore & { readonly bleu4: number; readonly ciderD: number }>> = {
  mlp: {
    mainKind: 0.936,
    mainKindColour: 0.846,
    mainAll: 0.757,
    allKinds: 0.853,
    allKindsColours: 0.764,
    allKindsColoursCounts: 0.665,
    place: 1,
    time: 0.998,
    everything: 0.665,
    endsWithPeriod: 1,
    groupKindNamed: 0.9197,
    groupColourGivenKind: 0.8684,
    groupCountGivenKind: 0.8719,
    inventedObjects: 0.0581,
    bleu4: 0.8137,
    ciderD: 5.3234,
  },
  transformer: {
    mainKind: 0.923,
    mainKindColour: 0.798,
    mainAll: 0.704,
    allKinds: 0.836,
    allKindsColours: 0.72,
    allKindsColoursCounts: 0.624,
    place: 0.999,
    time: 0.998,
    everything: 0.622,
    endsWithPeriod: 1,
    groupKindNamed: 0.9084,
    groupColourGivenKind: 0.8178,
    groupCountGivenKind: 0.8567,
    inventedObjects: 0.063,
    bleu4: 0.7916,
    ciderD: 5.1186,
  },
};

const files = generatedCaptions('mlp').map(({ file }) => file);
const scenes = readImagesJson<Record<string, Scene>>('scenes.json');
const grammar = readImagesJson<Grammar>('grammar.json');
const references = referenceCaptions();
let demo: DemoEngine;
let pixels: Uint8Array[];

beforeAll(async () => {
  demo = await demoEngine();
  pixels = await testPixels(files, demo.engine.imageSize);
});

afterAll(async () => {
  await demo.engine.releaseMapper(demo.mappers.transformer);
  await demo.engine.release();
});

describe.each(MAPPER_KINDS)('1,000 captions of the %s mapper', (kind) => {
  it('say what is in the pictures as often, and as well, as the reference’s', async () => {
    const mapper = demo.mappers[kind];
    const outputs = await demo.engine.caption(pixels.map((picture) => ({ input: { pixels: picture }, mapper })));
    const pictures = files.map((file, n) => ({
      caption: outputs[n]!.hypotheses[0]!.text,
      scene: scenes[`test/${file}`]!,
      references: references.get(file)!,
    }));
    expect(pictures).toHaveLength(1000);
    expect(pictures.every((picture) => picture.references.length === 5)).toBe(true);

    const { bleu4: expectedBleu, ciderD: expectedCider, ...expected } = TABLE[kind];
    const found = scorePictureBook(grammar, pictures);
    for (const key of Object.keys(expected) as (keyof PictureBookScore)[]) {
      const name = `${kind}: ${key} ${percent(found[key])}, table ${percent(expected[key])}: difference`;
      recordParity(name, Math.abs(found[key] - expected[key]), 0.01);
    }
    const metrics = {
      'BLEU-4': [bleu4(pictures), expectedBleu],
      'CIDEr-D': [ciderD(pictures), expectedCider],
    } as const;
    for (const [metric, [value, table]] of Object.entries(metrics)) {
      const name = `${kind}: ${metric} ${value.toFixed(4)}, table ${table.toFixed(4)}: relative difference`;
      recordParity(name, Math.abs(value / table - 1), 0.01);
    }
  });
});

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
