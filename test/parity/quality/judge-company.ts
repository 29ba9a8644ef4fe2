import type { BaseModelFiles, CaptionEngine, CaptionItem, CaptionOutput } from '@housestyle/clipcap';
import { expect } from 'vitest';
import { asWeights, decoderLayers, mapperLayers, randomDelta, wordLayer } from '../../support/random-delta.mjs';
import { maxError, recordParity } from '../record-parity.js';
import { NUM_PICTURES, referenceRow } from '../reference.js';

/**
 * Whether images, of two tenants with deltas of rank 8 and of none, get the captions together that they get alone: of each
 * the likeliest `hypotheses`, token by token, their scores within `bound`.
 */
export async function judgeCompany(
  name: string,
  base: BaseModelFiles,
  engine: CaptionEngine,
  { images, hypotheses, bound }: { readonly images: number; readonly hypotheses: number; readonly bound: number },
): Promise<void> {
  const deltaOf = (seed: number) => ({
    config: {},
    mapperDelta: asWeights('mapper delta', randomDelta(mapperLayers(base.mapper.weights), 8, seed, 0.05)),
    decoderDelta: asWeights(
      'decoder delta',
      randomDelta([...decoderLayers(base.gpt2.weights), wordLayer(base.gpt2.weights)], 8, seed, 0.3),
    ),
  });
  const mappers = [undefined, await engine.loadMapper(deltaOf(1), '1'), await engine.loadMapper(deltaOf(2), '2')];
  const items: CaptionItem[] = Array.from({ length: images }, (_, n) => ({
    input: { embedding: referenceRow('image_embeds', n % NUM_PICTURES).slice() },
    mapper: mappers[n % 3],
  }));
  const alone: CaptionOutput[] = [];
  for (const item of items) alone.push(await engine.captionOne(item));
  const together = await engine.caption(items);
  const errors = together.map((output, n) => {
    const [found, expected] = [output, alone[n]!].map((one) => one.hypotheses.slice(0, hypotheses));
    expect(found!.map(({ tokens }) => tokens)).toEqual(expected!.map(({ tokens }) => tokens));
    return maxError(
      found!.map(({ score }) => score),
      expected!.map(({ score }) => score),
    );
  });
  const what = `scores of ${images} images of two tenants and none, against alone, max`;
  recordParity(`${name}: ${what}`, Math.max(...errors), bound);
  expect(new Set(alone.map(({ hypotheses: [best] }) => best!.text)).size).toBeGreaterThan((2 * images) / 3);
}
