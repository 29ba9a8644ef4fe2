import { readMapperFiles } from '@housestyle/checkpoints';
import type { CaptionItem, CaptionOutput } from '@housestyle/clipcap';
import { BASE_MAPPER_ID } from '@housestyle/domain';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { maxError, recordParity, relativeError } from './record-parity.js';
import { MAPPER_FOLDERS, MAPPER_KINDS, referencePictures, referenceRow, referenceTexts } from './reference.js';
import { demoEngine, generatedCaptions, testPixels, type DemoEngine } from './test-pictures.js';

let demo: DemoEngine;
let pixels: Uint8Array[];
const files = generatedCaptions('mlp').map(({ file }) => file);

beforeAll(async () => {
  demo = await demoEngine();
  pixels = await testPixels(files, demo.engine.imageSize);
});

afterAll(async () => {
  await demo.engine.releaseMapper(demo.mappers.transformer);
  await demo.engine.release();
});

describe.each(MAPPER_KINDS)('captions of the %s mapper', (kind) => {
  it('are the reference’s, from the picture files, in 995 of 1,000 or more', async () => {
    const mapper = demo.mappers[kind];
    const outputs = await demo.engine.caption(pixels.map((picture) => ({ input: { pixels: picture }, mapper })));
    const expected = generatedCaptions(kind);
    const different = expected.filter(({ caption }, n) => textOf(outputs[n]!) !== caption);
    recordParity(`${kind}: captions of 1,000 that differ, share`, different.length / expected.length, 0.005);
    expect(expected.map(({ file }) => file)).toEqual(files);
    expect(outputs.every(({ mapperId }) => mapperId === mapper.id)).toBe(true);
  });
});

describe('captions of one call', () => {
  const NUM = 48;
  /** Neighbours differ in mapper, in input and, here and there, in settings. */
  const items = (): CaptionItem[] =>
    pixels.slice(0, NUM).map((picture, n) => ({
      input: { pixels: picture },
      mapper: n % 2 === 0 ? undefined : demo.mappers.transformer,
      generation:
        n % 5 === 0 ? { decode: 'greedy' } : n % 7 === 0 ? { numBeams: 3, stopTokenIds: [11, 13] } : undefined,
    }));
  let alone: CaptionOutput[];

  beforeAll(async () => {
    alone = [];
    for (const item of items()) alone.push(...(await demo.engine.caption([item])));
    expect(new Set(alone.map(textOf)).size).toBeGreaterThan(NUM / 2);
  });

  it.each([1, 3, 7, 32, NUM])('go to the item they were made for, %i at a time and in any order', async (size) => {
    const order = [...Array(NUM).keys()].sort((a, b) => ((a * 29 + 7) % NUM) - ((b * 29 + 7) % NUM));
    const shuffled = order.map((n) => items()[n]!);
    const errors: number[] = [];
    for (let from = 0; from < NUM; from += size) {
      const outputs = await demo.engine.caption(shuffled.slice(from, from + size));
      outputs.forEach((output, i) => {
        const expected = alone[order[from + i]!]!;
        expect(output.mapperId).toBe(expected.mapperId);
        expect(output.hypotheses.map(withoutScore)).toEqual(expected.hypotheses.map(withoutScore));
        expect(relativeError(output.embedding, expected.embedding)).toBeLessThan(1e-6);
        errors.push(maxError(scoresOf(output), scoresOf(expected)));
      });
    }
    recordParity(`scores of shuffled items, ${size} at a time, against alone, max`, Math.max(...errors), 1e-5);
  });

  it('are the same from a picture and from its stored embedding, mixed', async () => {
    const mixed = items().map((item, n) =>
      n % 3 === 0 ? item : { ...item, input: { embedding: alone[n]!.embedding } },
    );
    const outputs = await demo.engine.caption(mixed);
    expect(outputs.map(textOf)).toEqual(alone.map(textOf));
    outputs.forEach(({ embedding }, n) => {
      expect(relativeError(embedding, alone[n]!.embedding)).toBeLessThan(1e-6);
      expect(embedding.buffer.byteLength).toBe(embedding.byteLength);
    });
  });

  it('are none for no items', async () => {
    expect(await demo.engine.caption([])).toEqual([]);
  });

  it('are refused together with an item of a wrong size, which check tells apart', async () => {
    const wrong: CaptionItem[] = [
      { input: { pixels: new Uint8Array(5) } },
      { input: { embedding: new Float32Array(5) } },
      { input: { embedding: new Float32Array(128).fill(NaN) } },
      { input: { embedding: new Float32Array(128) }, generation: { numBeams: 11 } },
    ];
    for (const item of wrong) {
      expect(() => demo.engine.check(item)).toThrowError(expect.objectContaining({ code: 'invalid_request' }) as Error);
      await expect(demo.engine.caption([items()[0]!, item])).rejects.toMatchObject({ code: 'invalid_request' });
    }
    for (const item of items()) demo.engine.check(item);
  });
});

describe('the base’s own mapper', () => {
  it('captions the reference pictures when no mapper is named, from their embeddings too', async () => {
    const { pictures } = referenceTexts();
    const inputs = referencePictures().map((picture, n) =>
      n % 2 === 0 ? { pixels: picture } : { embedding: referenceRow('image_embeds', n).slice() },
    );
    const outputs = await demo.engine.caption(inputs.map((input) => ({ input })));
    outputs.forEach(({ mapperId, hypotheses }, n) => {
      expect(mapperId).toBe(BASE_MAPPER_ID);
      expect(hypotheses.map(({ text }) => text)).toEqual(pictures[n]!.mlp.beam5.map(({ text }) => text));
    });
  });
});

describe('a mapper’s own stop', () => {
  it('ends its captions, and not its neighbours’', async () => {
    const { engine } = demo;
    const endOfText = 1023;
    const mapper = await readMapperFiles(MAPPER_FOLDERS.mlp);
    const config = { ...(mapper.config as object), generation: { stop: [endOfText, 269], num_beams: 2 } };
    const ownStop = await engine.loadMapper({ ...mapper, config }, 'own-stop');
    const input = { pixels: referencePictures()[0]! };
    const [own, base] = await engine.caption([{ input, mapper: ownStop }, { input }]);
    expect(own).toMatchObject({ mapperId: 'own-stop' });
    expect(own!.hypotheses).toHaveLength(2);
    expect(own!.hypotheses[0]).toMatchObject({ text: 'A blue bicycle in', tokens: [32, 321, 461, 269] });
    expect(textOf(base!)).toBe('A blue bicycle in a meadow at sunset.');
    await engine.releaseMapper(ownStop);
  });
});

const textOf = ({ hypotheses }: CaptionOutput): string => hypotheses[0]!.text;
const scoresOf = ({ hypotheses }: CaptionOutput): number[] => hypotheses.map(({ score }) => score);
const withoutScore = ({ text, tokens, isStopped }: CaptionOutput['hypotheses'][number]) => ({
  text,
  tokens,
  isStopped,
});
