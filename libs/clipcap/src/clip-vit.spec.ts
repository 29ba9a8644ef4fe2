import { fetched, float32, int64, MemoryWeights, uint8, type GraphSession, type Tensor } from '@housestyle/graph';
import { OnnxGraphRunner } from '@housestyle/runtime';
import { describe, expect, it } from 'vitest';
import { Random } from '../../../test/support/random.js';
import { parseClipConfig, parseClipPreprocessing, type ClipActivation, type ClipConfig } from './clip-config.js';
import { ClipTextEncoder, pooledPosition } from './clip-text-encoder.js';
import { buildClipText, buildClipVision } from './clip-vit.js';
import type { PrecisionOptions } from './quantisation/precision.js';

/**
 * Towers of odd sizes with random weights, against the same mathematics written down plainly, in double precision, one
 * number after the other. The demo model has only one size and one activation.
 */
const runner = new OnnxGraphRunner({ threads: 1 });
const random = new Random(7);

const SIZES = {
  'patches that fill the picture, quick_gelu': { n: 8, p: 4, C: 12, I: 20, L: 2, H: 3, P: 5, activation: 'quick_gelu' },
  'patches that leave a margin, gelu': { n: 11, p: 4, C: 8, I: 24, L: 1, H: 2, P: 6, activation: 'gelu' },
  'one patch, one head': { n: 5, p: 5, C: 6, I: 7, L: 3, H: 1, P: 9, activation: 'gelu' },
} as const satisfies Record<string, TowerSizes>;

describe.each(Object.entries(SIZES))('CLIP with %s', (_name, sizes) => {
  const config = configOf(sizes);
  const weights = randomWeights(config);

  it('embeds pictures', async () => {
    const { n } = sizes;
    const preprocessing = parseClipPreprocessing({}, n);
    const session = await runner.load(buildClipVision(config, preprocessing, weights));
    const pixels = Uint8Array.from({ length: 2 * n * n * 3 }, () => random.uniform() * 256);
    const outputs = await session.run({ pixels: uint8(pixels, [2, n, n, 3]) });
    const embeddings = fetched(outputs, 'image_embeds', 'float32');
    expect(embeddings.dims).toEqual([2, sizes.P]);
    for (const picture of [0, 1]) {
      const own = pixels.subarray(picture * n * n * 3, (picture + 1) * n * n * 3);
      const expected = plainVision(sizes, weights, own, preprocessing.mean, preprocessing.std);
      expectClose(embeddings.data.subarray(picture * sizes.P, (picture + 1) * sizes.P), expected);
    }
    await session.release();
  });

  it('embeds pictures in 8 bits nearly the same, each as it does alone', async () => {
    const { n } = sizes;
    const tower = buildClipVision(config, parseClipPreprocessing({}, n), weights, { precision: 'int8' });
    const [exactly, roughly] = [
      await runner.load(buildClipVision(config, parseClipPreprocessing({}, n), weights)),
      await runner.load(tower),
    ];
    const pixels = Uint8Array.from({ length: 2 * n * n * 3 }, () => random.uniform() * 256);
    const embed = async (session: GraphSession, from: number, count: number) => {
      const own = pixels.subarray(from * n * n * 3, (from + count) * n * n * 3);
      const outputs = await session.run({ pixels: uint8(own, [count, n, n, 3]) });
      return fetched(outputs, 'image_embeds', 'float32').data;
    };
    const [expected, both] = [await embed(exactly, 0, 2), await embed(roughly, 0, 2)];
    const error = Math.hypot(...both.map((value, i) => value - expected[i]!)) / Math.hypot(...expected);
    expect(error).toBeGreaterThan(0);
    expect(error).toBeLessThan(0.05);
    expect(Float32Array.of(...(await embed(roughly, 0, 1)), ...(await embed(roughly, 1, 1)))).toEqual(both);
    expect(tower.operators?.().map(({ opType }) => opType)).not.toContain('Conv'); // patches are bytes times bytes
    await Promise.all([exactly.release(), roughly.release()]);
  });

  it('takes one scale for all rows that come out of a measured norm, and each row’s own elsewhere', () => {
    const build = (precision: PrecisionOptions) =>
      buildClipVision(config, parseClipPreprocessing({}, sizes.n), weights, precision);
    const rowwise = (precision: PrecisionOptions) =>
      Buffer.from(build(precision).bytes)
        .toString('latin1')
        .match(/ReduceMin_\d+/g)!.length;
    const reach = float32(new Float32Array(sizes.C).fill(3));
    const measured = (keys: string[]) => new MemoryWeights('measured', new Map(keys.map((key) => [key, reach])));
    const layer = 'vision_model.encoder.layers.0';
    const [one, two] = [[`${layer}.mlp.fc1`], [`${layer}.mlp.fc1`, `${layer}.self_attn.q_proj`]];
    const counts = [[], one, two].map((keys) => rowwise({ precision: 'int8-static', calibration: measured(keys) }));
    const all = rowwise({ precision: 'int8' });
    const perLayer = all - counts[1]!;
    expect(counts).toEqual([all, all - perLayer, all - 2 * perLayer]);
    expect(perLayer).toBeGreaterThan(0);
  });

  it('embeds texts, whatever stands behind their end', async () => {
    const session = await runner.load(buildClipText(config, weights));
    const ids = [10, 1, 2, 11];
    const run = async (padding: number[]) => {
      const feeds = {
        input_ids: int64([...ids, ...padding], [1, ids.length + padding.length]),
        pooled_rows: int64([3]),
      };
      return fetched(await session.run(feeds), 'text_embeds', 'float32').data;
    };
    const expected = plainText(sizes, weights, ids);
    expectClose(await run([]), expected);
    expectClose(await run([5, 0]), expected);
    await session.release();
  });

  it('refuses weights of another size, by name', () => {
    const other = configOf({ ...sizes, I: sizes.I + 1 });
    expect(() => buildClipVision(other, parseClipPreprocessing({}, sizes.n), weights)).toThrow(
      /random: vision_model\.encoder\.layers\.0\.mlp\.fc1\.weight is \[/,
    );
  });
});

describe('the pooled position of a text', () => {
  it('is the first end token, or the largest id where the configuration has OpenAI’s wrong one', () => {
    expect(pooledPosition([49406, 320, 49407, 49407], 49407)).toBe(2);
    expect(pooledPosition([49406, 320, 49407, 0, 0], 2)).toBe(2);
    expect(pooledPosition([49406, 2, 49407], 2)).toBe(2);
    expect(() => pooledPosition([49406, 320], 49407)).toThrow('no end token');
    expect(() => pooledPosition([], 2)).toThrow('no end token');
  });

  it('needs a text that the model can take', async () => {
    const sizes = SIZES['one patch, one head'];
    const config = {
      hidden_size: sizes.C,
      intermediate_size: sizes.I,
      num_hidden_layers: sizes.L,
      num_attention_heads: 1,
    };
    const text_config = { ...config, hidden_act: 'gelu', vocab_size: 12, max_position_embeddings: 7, eos_token_id: 11 };
    const weights = randomWeights(configOf(sizes));
    const tokenizer = { vocab: {}, merges: '' };
    const files = { config: { projection_dim: sizes.P, text_config }, preprocessor: {}, weights, tokenizer };
    const encoder = await ClipTextEncoder.load(files, runner);
    expect(await encoder.embed([])).toEqual([]);
    const [alone] = await encoder.embed([[10, 11]]);
    const [, padded] = await encoder.embed([
      [10, 1, 2, 3, 11],
      [10, 11],
    ]);
    expectClose(padded!, [...alone!]);
    await expect(encoder.embed([[10, 1, 1, 1, 1, 1, 1, 11]])).rejects.toMatchObject({ code: 'invalid_request' });
    await encoder.release();
  });
});

interface TowerSizes {
  readonly n: number;
  readonly p: number;
  readonly C: number;
  readonly I: number;
  readonly L: number;
  readonly H: number;
  readonly P: number;
  readonly activation: ClipActivation;
}

function configOf({ n, p, C, I, L, H, P, activation }: TowerSizes): ClipConfig {
  const tower = {
    hidden_size: C,
    intermediate_size: I,
    num_hidden_layers: L,
    num_attention_heads: H,
    hidden_act: activation,
  };
  return parseClipConfig({
    projection_dim: P,
    vision_config: { ...tower, image_size: n, patch_size: p },
    text_config: { ...tower, vocab_size: 12, max_position_embeddings: 7, eos_token_id: 11 },
  });
}

function randomWeights({ vision, text, projectionDim: P }: ClipConfig): MemoryWeights {
  const tensors = new Map<string, Tensor<'float32'>>();
  const put = (name: string, ...dims: number[]) => {
    const count = dims.reduce((product, dim) => product * dim, 1);
    const [offset, scale] = name.includes('norm') && name.endsWith('weight') ? [1, 0.2] : [0, 0.8];
    tensors.set(
      name,
      float32(
        Float32Array.from({ length: count }, () => offset + scale * (random.uniform() - 0.5)),
        dims,
      ),
    );
  };
  const pair = (name: string, out: number, ...input: number[]) => {
    put(`${name}.weight`, out, ...input);
    put(`${name}.bias`, out);
  };
  for (const [key, { hiddenSize: C, intermediateSize: I, numLayers }] of Object.entries({
    vision_model: vision,
    text_model: text,
  })) {
    for (let layer = 0; layer < numLayers; layer++) {
      const prefix = `${key}.encoder.layers.${layer}`;
      for (const name of ['q_proj', 'k_proj', 'v_proj', 'out_proj']) pair(`${prefix}.self_attn.${name}`, C, C);
      pair(`${prefix}.mlp.fc1`, I, C);
      pair(`${prefix}.mlp.fc2`, C, I);
      for (const name of ['layer_norm1', 'layer_norm2']) pair(`${prefix}.${name}`, C);
    }
  }
  const [C, p] = [vision.hiddenSize, vision.patchSize];
  put('vision_model.embeddings.class_embedding', C);
  put('vision_model.embeddings.patch_embedding.weight', C, 3, p, p);
  put('vision_model.embeddings.position_embedding.weight', Math.floor(vision.imageSize / p) ** 2 + 1, C);
  for (const name of ['vision_model.pre_layrnorm', 'vision_model.post_layernorm']) pair(name, C);
  put('visual_projection.weight', P, C);
  put('text_model.embeddings.token_embedding.weight', text.vocabSize, C);
  put('text_model.embeddings.position_embedding.weight', text.contextLength, C);
  pair('text_model.final_layer_norm', C);
  put('text_projection.weight', P, C);
  put('logit_scale');
  return new MemoryWeights('random', tensors);
}

type Vector = number[];

function plainVision(
  sizes: TowerSizes,
  weights: MemoryWeights,
  pixels: Uint8Array,
  mean: Vector3,
  std: Vector3,
): Vector {
  const { n, p, C } = sizes;
  const kernel = weights.read('vision_model.embeddings.patch_embedding.weight')!;
  const side = Math.floor(n / p);
  const tokens: Vector[] = [[...weights.read('vision_model.embeddings.class_embedding')!]];
  for (let patch = 0; patch < side * side; patch++) {
    const [top, left] = [Math.floor(patch / side) * p, (patch % side) * p];
    tokens.push(
      Array.from({ length: C }, (_, out) => {
        let sum = 0;
        for (let c = 0; c < 3; c++)
          for (let y = 0; y < p; y++)
            for (let x = 0; x < p; x++) {
              const value = (pixels[((top + y) * n + left + x) * 3 + c]! / 255 - mean[c]!) / std[c]!;
              sum += value * kernel[((out * 3 + c) * p + y) * p + x]!;
            }
        return sum;
      }),
    );
  }
  const placed = addPositions(tokens, weights, 'vision_model');
  const normed = placed.map((token) => norm(weights, 'vision_model.pre_layrnorm', token));
  const states = plainEncoder(sizes, weights, 'vision_model', normed, false);
  return affine(weights, 'visual_projection', norm(weights, 'vision_model.post_layernorm', states[0]!));
}

function plainText(sizes: TowerSizes, weights: MemoryWeights, ids: readonly number[]): Vector {
  const table = weights.read('text_model.embeddings.token_embedding.weight')!;
  const tokens = ids.map((id) => [...table.subarray(id * sizes.C, (id + 1) * sizes.C)]);
  const states = plainEncoder(sizes, weights, 'text_model', addPositions(tokens, weights, 'text_model'), true);
  return affine(weights, 'text_projection', norm(weights, 'text_model.final_layer_norm', states.at(-1)!));
}

function addPositions(tokens: Vector[], weights: MemoryWeights, key: string): Vector[] {
  const positions = weights.read(`${key}.embeddings.position_embedding.weight`)!;
  return tokens.map((token, at) => token.map((value, c) => value + positions[at * token.length + c]!));
}

function plainEncoder(
  sizes: TowerSizes,
  weights: MemoryWeights,
  key: string,
  tokens: Vector[],
  isCausal: boolean,
): Vector[] {
  let states = tokens;
  for (let layer = 0; layer < sizes.L; layer++) {
    const prefix = `${key}.encoder.layers.${layer}`;
    const normed = states.map((state) => norm(weights, `${prefix}.layer_norm1`, state));
    const attended = plainAttention(sizes, weights, `${prefix}.self_attn`, normed, isCausal);
    states = states.map((state, t) => sum(state, attended[t]!));
    states = states.map((state) => {
      const hidden = affine(weights, `${prefix}.mlp.fc1`, norm(weights, `${prefix}.layer_norm2`, state));
      return sum(state, affine(weights, `${prefix}.mlp.fc2`, hidden.map(ACTIVATIONS[sizes.activation])));
    });
  }
  return states;
}

function plainAttention(
  { C, H }: TowerSizes,
  weights: MemoryWeights,
  key: string,
  states: Vector[],
  isCausal: boolean,
) {
  const D = C / H;
  const [q, k, v] = ['q_proj', 'k_proj', 'v_proj'].map((name) =>
    states.map((x) => affine(weights, `${key}.${name}`, x)),
  );
  return states.map((_, t) => {
    const context = new Array<number>(C).fill(0);
    for (let h = 0; h < H; h++) {
      const part = (x: Vector) => x.slice(h * D, (h + 1) * D);
      const seen = isCausal ? t + 1 : states.length;
      const exps = k!.slice(0, seen).map((key) => Math.exp(dot(part(q![t]!), part(key)) / Math.sqrt(D)));
      const total = exps.reduce((a, b) => a + b, 0);
      exps.forEach((e, s) => part(v![s]!).forEach((value, d) => (context[h * D + d]! += (e / total) * value)));
    }
    return affine(weights, `${key}.out_proj`, context);
  });
}

const ACTIVATIONS: Record<ClipActivation, (x: number) => number> = {
  quick_gelu: (x) => x / (1 + Math.exp(-1.702 * x)),
  gelu: (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
};

/** By its Taylor series: exact to double precision for the small arguments here. */
function erf(x: number): number {
  let [term, total] = [x, x];
  for (let n = 1; n < 200; n++) {
    term *= (-x * x) / n;
    total += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * total;
}

function affine(weights: MemoryWeights, key: string, x: Vector): Vector {
  const w = weights.read(`${key}.weight`)!;
  const b = weights.read(`${key}.bias`);
  const rows = w.length / x.length;
  return Array.from(
    { length: rows },
    (_, row) => dot([...w.subarray(row * x.length)].slice(0, x.length), x) + (b?.[row] ?? 0),
  );
}

function norm(weights: MemoryWeights, key: string, x: Vector): Vector {
  const [w, b] = [weights.read(`${key}.weight`)!, weights.read(`${key}.bias`)!];
  const mean = x.reduce((a, c) => a + c, 0) / x.length;
  const variance = x.reduce((a, c) => a + (c - mean) ** 2, 0) / x.length;
  return x.map((value, c) => ((value - mean) / Math.sqrt(variance + 1e-5)) * w[c]! + b[c]!);
}

type Vector3 = readonly [number, number, number];

const dot = (a: Vector, b: Vector): number => a.reduce((total, value, i) => total + value * b[i]!, 0);
const sum = (a: Vector, b: Vector): Vector => a.map((value, i) => value + b[i]!);

function expectClose(found: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(found.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) expect(Math.abs(found[i]! - expected[i]!)).toBeLessThan(2e-5);
}
