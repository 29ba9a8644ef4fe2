import { fetched, float32, GraphBuilder, MemoryWeights, uint8, type FloatValue } from '@housestyle/graph';
import { OnnxGraphRunner } from '@housestyle/runtime';
import { expect, it } from 'vitest';
import { Random } from '../../../test/support/random.js';
import { parseClipPreprocessing } from './clip-config.js';
import type { Model } from './layers.js';
import { bytePatchEmbedding, patchEmbedding } from './patch-embedding.js';
import { pixelBytes, pixelValues } from './pixel-values.js';
import { QuantisedLinears } from './quantisation/quantised-linears.js';
import { areSignedProductsExact } from './quantisation/signed-products.js';

const runner = new OnnxGraphRunner({ threads: 1 });
const random = new Random(3);
/** Patches that leave a margin of two pixels, and channels that are normalised unlike each other. */
const [n, p, C] = [14, 4, 24];
const sizes = { hiddenSize: C, patchSize: p, imageSize: n };
const preprocessing = parseClipPreprocessing({ image_mean: [0.2, 0.5, 0.7], image_std: [0.1, 0.3, 0.5] }, n);
const kernel = float32(
  Float32Array.from({ length: C * 3 * p * p }, () => random.uniform() - 0.4),
  [C, 3, p, p],
);
const weights = new MemoryWeights('kernel', new Map([['patches.weight', kernel]]));
const pixels = uint8(
  Uint8Array.from({ length: 2 * n * n * 3 }, () => 256 * random.uniform()),
  [2, n, n, 3],
);

async function embedded(embed: (m: Model) => FloatValue): Promise<Float32Array> {
  const g = new GraphBuilder('patches');
  g.output('patches', embed({ g, weights }), ['B', 9, C]);
  const session = await runner.load(g.build());
  const { data, dims } = fetched(await session.run({ pixels }), 'patches', 'float32');
  await session.release();
  expect(dims).toEqual([2, 9, C]);
  return data;
}

const exactly = () =>
  embedded((m) => patchEmbedding(m, pixelValues(m.g, pixelBytes(m.g, preprocessing), preprocessing), 'patches', sizes));

it.each([false, true])('is as good as exact by 8-bit products (of signed weights: %s)', async (hasSignedProducts) => {
  if (hasSignedProducts && !(await areSignedProductsExact(runner))) return; // never used there
  const expected = await exactly();
  const found = await embedded((m) => {
    const quantised = new QuantisedLinears(m.g, m.weights, { precision: 'int8', hasSignedProducts });
    return bytePatchEmbedding(m, quantised, pixelBytes(m.g, preprocessing), 'patches', sizes, preprocessing);
  });
  const error = Math.hypot(...found.map((value, i) => value - expected[i]!)) / Math.hypot(...expected);
  expect(error).toBeLessThan(1e-4); // one product in 8 bits: 4e-3
});
