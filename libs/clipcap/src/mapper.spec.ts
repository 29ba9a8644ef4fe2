import { float32, MemoryWeights } from '@housestyle/graph';
import { OnnxGraphRunner } from '@housestyle/runtime';
import { describe, expect, it } from 'vitest';
import { parseMapperConfig } from './mapper-config.js';
import { Mapper } from './mapper.js';

const runner = new OnnxGraphRunner({ threads: 1 });

/** d = 2, K = 3, C = 4 */
const BASE = { embeddingWidth: 2, decoderWidth: 4 };

const zeros = (...dims: number[]) => float32(new Float32Array(dims.reduce((count, dim) => count * dim, 1)), dims);

const linearWeights = new MemoryWeights(
  'linear.safetensors',
  new Map([
    [
      'clip_project.weight',
      float32(
        Float32Array.from({ length: 24 }, (_, i) => i),
        [12, 2],
      ),
    ],
    ['clip_project.bias', float32(Float32Array.from({ length: 12 }, (_, i) => 100 * i))],
  ]),
);

const mlpWeights = new MemoryWeights(
  'mlp.safetensors',
  new Map([
    [
      'clip_project.model.0.weight',
      float32(
        Float32Array.from({ length: 10 }, (_, i) => Math.sin(i)),
        [5, 2],
      ),
    ],
    ['clip_project.model.0.bias', float32(Float32Array.from({ length: 5 }, (_, i) => Math.cos(i)))],
    [
      'clip_project.model.2.weight',
      float32(
        Float32Array.from({ length: 60 }, (_, i) => Math.sin(3 * i)),
        [12, 5],
      ),
    ],
    ['clip_project.model.2.bias', float32(Float32Array.from({ length: 12 }, (_, i) => i))],
  ]),
);

/** Two layers, one position for the image. */
const transformerWeights = new MemoryWeights(
  'transformer.safetensors',
  new Map([
    ['clip_project.linear.weight', zeros(4, 2)],
    ['clip_project.prefix_const', zeros(3, 4)],
    ['clip_project.transformer.layers.0.norm1.weight', zeros(4)],
    ['clip_project.transformer.layers.1.norm1.weight', zeros(4)],
  ]),
);

describe('the mapper’s configuration', () => {
  it('follows from the weights where it says nothing', () => {
    expect(parseMapperConfig({ prefix_length: 3 }, mlpWeights, BASE)).toMatchObject({
      mappingType: 'mlp',
      prefixSize: 2,
    });
    expect(parseMapperConfig({ prefix_length: 3 }, linearWeights, BASE).mappingType).toBe('linear');
    const sizes = { mappingType: 'transformer', prefixLength: 3, clipLength: 1, numLayers: 2, decoderWidth: 4 };
    expect(parseMapperConfig({ prefix_length: 3, num_heads: 2 }, transformerWeights, BASE)).toMatchObject(sizes);
  });

  it.each([
    ['mapping_type', 'transformer', mlpWeights],
    ['prefix_size', 512, mlpWeights],
    ['prefix_length', 5, mlpWeights],
    ['prefix_length', 10, transformerWeights],
    ['clip_length', 2, transformerWeights],
    ['num_layers', 8, transformerWeights],
    ['num_heads', 3, transformerWeights],
    ['normalize_prefix', 'yes', mlpWeights],
  ])('is refused when its %s is %s and the weights say otherwise', (field, value, weights) => {
    const config = { prefix_length: 3, num_heads: 2, [field]: value };
    expect(() => parseMapperConfig(config, weights, BASE)).toThrow(
      expect.objectContaining({ code: 'invalid_model' }) as Error,
    );
  });

  it('is refused when the weights are of something else', () => {
    const weights = new MemoryWeights('gpt2.safetensors', new Map([['wte.weight', zeros(1)]]));
    expect(() => parseMapperConfig({}, weights, BASE)).toThrow('gpt2.safetensors: no mapping network');
  });

  it('does not fit a base of other widths', () => {
    for (const base of [
      { ...BASE, embeddingWidth: 3 },
      { ...BASE, decoderWidth: 8 },
    ]) {
      expect(() => parseMapperConfig({ prefix_length: 3 }, mlpWeights, base)).toThrow(
        expect.objectContaining({ code: 'mapper_mismatch' }) as Error,
      );
    }
  });
});

describe('Mapper', () => {
  it('maps with a single linear layer', async () => {
    const mapper = await Mapper.load({ config: { prefix_length: 3 }, weights: linearWeights }, BASE, runner);
    const prefixes = await mapper.map([Float32Array.of(1, 0), Float32Array.of(2, 1)]);
    const expected = (x: number, y: number) =>
      Array.from({ length: 12 }, (_, i) => 2 * i * x + (2 * i + 1) * y + 100 * i);
    expect(prefixes.map((prefix) => [...prefix])).toEqual([expected(1, 0), expected(2, 1)]);
    await mapper.release();
  });

  it('brings embeddings to length 1 when the mapper was trained so, and only then', async () => {
    const load = (normalize_prefix: boolean) =>
      Mapper.load({ config: { prefix_length: 3, normalize_prefix }, weights: mlpWeights }, BASE, runner);
    const [plain, normalizing] = [await load(false), await load(true)];
    const [ofUnit] = await plain.map([Float32Array.of(0.6, 0.8)]);
    const [ofLong, ofUnitAgain] = await normalizing.map([Float32Array.of(3, 4), Float32Array.of(0.6, 0.8)]);
    const [ofLongPlain] = await plain.map([Float32Array.of(3, 4)]);
    ofUnit!.forEach((value, i) => {
      expect(ofLong![i]).toBeCloseTo(value, 5);
      expect(ofUnitAgain![i]).toBeCloseTo(value, 5);
    });
    expect(Math.max(...ofLongPlain!.map((value, i) => Math.abs(value - ofUnit![i]!)))).toBeGreaterThan(0.1);
    await plain.release();
    await normalizing.release();
  });

  it('refuses an embedding of another width, and does nothing with none', async () => {
    const mapper = await Mapper.load({ config: { prefix_length: 3 }, weights: linearWeights }, BASE, runner);
    expect(await mapper.map([])).toEqual([]);
    await expect(mapper.map([new Float32Array(3)])).rejects.toMatchObject({ code: 'invalid_request' });
    await mapper.release();
  });
});
